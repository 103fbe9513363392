"""Who may enter, and the exchanges by which a client proves that it is one of them."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping
from typing import Protocol

from connectors.simulator.kafka.scram import HASHES, Challenge, First, Unproved, Verifier, salt_for

PLAIN, BEARER = "PLAIN", "OAUTHBEARER"
_PASSWORDS = (PLAIN, *HASHES)


class Accounts:
    """Users with their passwords, and the bearer tokens that are good. Salts and nonces follow from the seed."""

    def __init__(self, seed: int, users: Mapping[str, str], tokens: Mapping[str, str] | None = None) -> None:
        self._seed = seed
        self._users = dict(users)
        self._tokens = dict(tokens or {})
        self._verifiers: dict[tuple[str, str], Verifier] = {}
        self._nonces: Iterator[int] = itertools.count()

    @property
    def mechanisms(self) -> tuple[str, ...]:
        return (*_PASSWORDS, BEARER) if self._tokens else _PASSWORDS

    def bearer(self, token: str) -> str | None:
        """Whose token it is."""
        return self._tokens.get(token)

    def password(self, user: str) -> str | None:
        return self._users.get(user)

    def verifier(self, mechanism: str, user: str) -> Verifier:
        """Raises Unproved for an unknown user. Made once: salting takes milliseconds, by intent."""
        password = self._users.get(user)
        if password is None:
            raise Unproved("unknown user")
        known = self._verifiers.get((mechanism, user))
        if known is None:
            known = Verifier.of(mechanism, password, salt_for(self._seed, mechanism, user))
            self._verifiers[mechanism, user] = known
        return known

    def nonce(self) -> str:
        return f"{random.Random(f'{self._seed} nonce {next(self._nonces)}').getrandbits(128):032x}"

    def exchange(self, mechanism: str) -> Exchange:
        """A new one, of one of the mechanisms."""
        if mechanism == BEARER:
            return BearerExchange(self)
        return PlainExchange(self) if mechanism == PLAIN else ScramExchange(self, mechanism)


class Exchange(Protocol):
    """``user`` is who it is, "" until that is proved. ``take`` answers the server's token and raises Unproved."""

    user: str

    def take(self, token: bytes) -> bytes: ...


class PlainExchange:
    """The token is ``[authzid] NUL user NUL password`` (RFC 4616); nobody may be somebody else."""

    failure = "Authentication failed: Invalid username or password"

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self.user = ""

    def take(self, token: bytes) -> bytes:
        try:
            other, user, password = token.decode().split("\0")
        except ValueError as error:  # not three parts, or not UTF-8
            raise Unproved(self.failure) from error
        if not user or other not in ("", user) or self._accounts.password(user) != password:
            raise Unproved(self.failure)
        self.user = user
        return b""


class BearerExchange:
    """The token is in ``n,, 01 auth=Bearer TOKEN 01 01``; who is refused is told so and has to take note (RFC 7628)."""

    failure = '{"status":"invalid_token"}'

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._refused = False
        self.user = ""

    def take(self, token: bytes) -> bytes:
        if self._refused:
            raise Unproved(self.failure)
        fields = token.decode(errors="replace").split("\x01")
        given = next((field.removeprefix("auth=Bearer ") for field in fields if field.startswith("auth=Bearer ")), "")
        self.user = self._accounts.bearer(given) or ""
        self._refused = not self.user
        return self.failure.encode() if self._refused else b""


class ScramExchange:
    """Two messages from the client: who it is, then its proof."""

    def __init__(self, accounts: Accounts, mechanism: str) -> None:
        self._accounts = accounts
        self._mechanism = mechanism
        self._challenge: Challenge | None = None
        self.user = ""

    def take(self, token: bytes) -> bytes:
        try:
            return self._last(token, self._challenge) if self._challenge else self._first(token)
        except Unproved as error:
            refused = f"Authentication failed during authentication due to invalid credentials with {self._mechanism}"
            raise Unproved(refused) from error

    def _first(self, token: bytes) -> bytes:
        first = First.read(token)
        verifier = self._accounts.verifier(self._mechanism, first.user)
        self._challenge = Challenge(first, verifier, first.nonce + self._accounts.nonce())
        return self._challenge.text

    def _last(self, token: bytes, challenge: Challenge) -> bytes:
        answer = challenge.settled(token)
        self.user = challenge.first.user
        return answer
