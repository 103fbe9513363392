"""The certificates' files, tried before a connection is: a client says of a wrong one no more than that TLS failed."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from connectors.failure import Failed
from connectors.settings.prometheus import Settings
from console.model.snapshot import FailureKind


@dataclass(frozen=True, slots=True)
class Files:
    """Paths with ``~`` resolved; "" where there is none. ``key`` is ``cert`` where both are in one file."""

    ca: str
    cert: str
    key: str


def files(settings: Settings, password: str) -> Files:
    """``password``: of the key, "" without one. Failed says which file is wrong, and how."""
    ca, cert, key = (_readable(name, getattr(settings, name)) for name in ("ca_file", "cert_file", "key_file"))
    found = Files(ca, cert, key or cert)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if found.ca:
        try:
            context.load_verify_locations(found.ca)
        except ssl.SSLError as error:
            raise _wrong(f"ca_file {ca}: no certificates in PEM") from error
    if found.cert:
        _try_pair(context, found, password)
    return found


def _try_pair(context: ssl.SSLContext, found: Files, password: str) -> None:
    locked = b"ENCRYPTED" in Path(found.key).read_bytes()
    if locked and not password:
        raise _wrong(f"key_file {found.key}: encrypted, and key_password is not set")
    try:
        # A password that is not needed is not asked for; without one OpenSSL would ask the terminal.
        context.load_cert_chain(found.cert, found.key, password)
    except ssl.SSLError as error:
        words = "key_password does not open it, or it is no key" if locked else "not the key of cert_file in PEM"
        raise _wrong(f"key_file {found.key}: {words}") from error


def _readable(name: str, path: str) -> str:
    if not path:
        return ""
    place = Path(path).expanduser()
    try:
        with place.open("rb"):
            return str(place)
    except OSError as error:
        raise _wrong(f"{name} {path}: {error.strerror}") from error


def _wrong(reason: str) -> Failed:
    return Failed(FailureKind.TLS, reason, advice="put the right files in their place; they are read again")
