"""SCRAM as RFC 5802 has it, the server's side: salted proofs, so that no password crosses the wire.

Kafka speaks it with SHA-256 (RFC 7677) and SHA-512, without channel binding.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import random
from dataclasses import dataclass

ITERATIONS = 4096  # of the salting; Kafka's own least and default
HASHES = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-512": "sha512"}  # by mechanism


class Unproved(Exception):
    """A message that is out of order, or no proof of the password."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """What a server keeps of a password: enough to check a proof, not enough to give one."""

    hash: str
    salt: bytes
    stored_key: bytes
    server_key: bytes

    @classmethod
    def of(cls, mechanism: str, password: str, salt: bytes) -> Verifier:
        name = HASHES[mechanism]
        salted = hashlib.pbkdf2_hmac(name, password.encode(), salt, ITERATIONS)
        client_key = hmac.digest(salted, b"Client Key", name)
        stored = hashlib.new(name, client_key).digest()
        return cls(name, salt, stored, hmac.digest(salted, b"Server Key", name))

    def proves(self, proof: bytes, said: bytes) -> bool:
        """Whether ``proof`` comes from one who knows the password; ``said`` is RFC 5802's AuthMessage."""
        signature = hmac.digest(self.stored_key, said, self.hash)
        if len(proof) != len(signature):
            return False
        client_key = bytes(mine ^ theirs for mine, theirs in zip(signature, proof, strict=True))
        return hmac.compare_digest(hashlib.new(self.hash, client_key).digest(), self.stored_key)

    def signature(self, said: bytes) -> bytes:
        return hmac.digest(self.server_key, said, self.hash)


def salt_for(seed: int, mechanism: str, user: str) -> bytes:
    """The same salt for the same seed, so that a recorded exchange can be had again."""
    return random.Random(f"{seed} {mechanism} {user}").randbytes(16)


@dataclass(frozen=True, slots=True)
class First:
    """A client's first message: who it wants to be, its nonce, and the text that is signed later."""

    user: str
    nonce: str
    bare: bytes

    @classmethod
    def read(cls, token: bytes) -> First:
        """Raises Unproved."""
        flag, _, rest = token.partition(b",")
        _, _, bare = rest.partition(b",")
        fields = _fields(bare)
        if flag not in (b"n", b"y") or not fields.get("n") or not fields.get("r"):
            raise Unproved("no first message of SCRAM")
        return cls(fields["n"].replace("=2C", ",").replace("=3D", "="), fields["r"], bare)


@dataclass(frozen=True, slots=True)
class Challenge:
    """The server's answer to a first message, and the check of what comes back."""

    first: First
    verifier: Verifier
    nonce: str  # the client's and the server's after it

    @property
    def text(self) -> bytes:
        salt = base64.b64encode(self.verifier.salt).decode()
        return f"r={self.nonce},s={salt},i={ITERATIONS}".encode()

    def settled(self, token: bytes) -> bytes:
        """The server's last message, which proves that it too knows the password. Raises Unproved.

        The nonce need only end as it should, as Kafka's own server has it: older librdkafka says its part twice.
        """
        bare, _, last = token.rpartition(b",")
        fields, proof = _fields(bare), last.removeprefix(b"p=")
        said = b",".join((self.first.bare, self.text, bare))
        if not fields.get("r", "").endswith(self.nonce) or not self.verifier.proves(_decoded(proof), said):
            raise Unproved("the proof is wrong")
        return b"v=" + base64.b64encode(self.verifier.signature(said))


def _fields(text: bytes) -> dict[str, str]:
    try:
        pairs = [pair.partition("=") for pair in text.decode().split(",")]
    except UnicodeDecodeError as error:
        raise Unproved("not UTF-8") from error
    return {name: value for name, _, value in pairs}


def _decoded(proof: bytes) -> bytes:
    try:
        return base64.b64decode(proof, validate=True)
    except binascii.Error as error:
        raise Unproved("not base64") from error
