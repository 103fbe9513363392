"""What went wrong on the way to a backend, told apart by what a person would do about it.

Clients wrap a refused connection in up to four exceptions of their own. The operating system's exception underneath
says what happened, so the chain is walked down to it instead of matching the clients' words.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterator, Mapping
from errno import EHOSTUNREACH, ENETUNREACH, errorcode

from connectors.secret import masked
from console.model.snapshot import FailureKind, Unreachable


class Failed(Exception):
    """A call that did not succeed, in the project's own terms. ``status`` is HTTP's, 0 where none came back."""

    def __init__(
        self,
        kind: FailureKind,
        reason: str,
        *,
        advice: str = "",
        status: int = 0,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason
        self.advice = advice or ADVICE[kind]
        self.status = status
        self.retry_after = retry_after

    def unreachable(self, source: str, at: float) -> Unreachable:
        return Unreachable(source, at, self.kind, self.reason, self.advice, self.retry_after)


ADVICE: Mapping[FailureKind, str] = {
    FailureKind.REFUSED: "check that it runs there, and that the address and port are right",
    FailureKind.TIMED_OUT: "check the network and firewall on the way, then how loaded it is; or raise timeout",
    FailureKind.NAME: "check the host name, and the resolver of this machine",
    FailureKind.TLS: "check the certificate: its end, its names and the authority that is trusted here",
    FailureKind.EXPIRED: "renew the credentials at their place; they are read again at the next attempt",
    FailureKind.FORBIDDEN: "ask for the permission; `seawall doctor` lists what is missing",
    FailureKind.THROTTLED: "raise interval, or its quota for us: it asks for fewer requests",
    FailureKind.NOT_FOUND: "check the name or path in the config; `seawall doctor` says what is there",
    FailureKind.PROTOCOL: "check that the address is of the system it is said to be, and no proxy answers for it",
}
"""What to do next where nobody knows better, one sentence a kind."""


_STATUS = {
    401: FailureKind.EXPIRED,
    403: FailureKind.FORBIDDEN,
    404: FailureKind.NOT_FOUND,
    408: FailureKind.TIMED_OUT,
    429: FailureKind.THROTTLED,
    504: FailureKind.TIMED_OUT,
}
_CAUSE: tuple[tuple[type[BaseException], FailureKind], ...] = (
    (ssl.SSLError, FailureKind.TLS),
    (socket.gaierror, FailureKind.NAME),
    (TimeoutError, FailureKind.TIMED_OUT),
    (ConnectionRefusedError, FailureKind.REFUSED),
    (ConnectionResetError, FailureKind.REFUSED),  # nobody speaks with us there any more
    (BrokenPipeError, FailureKind.REFUSED),
)
_NO_WAY = (EHOSTUNREACH, ENETUNREACH)  # said by a router or this machine: as good as a closed port


def kind_of_status(status: int, wait: float | None = None) -> FailureKind:
    """Of an HTTP status that is not a success; PROTOCOL where the number says nothing more.

    ``wait``: the seconds of its ``Retry-After``. A 503 with one is of a server that is there, and asks for time.
    """
    if status == 503 and wait is not None:
        return FailureKind.THROTTLED
    return _STATUS.get(status, FailureKind.PROTOCOL)


def kind_of(error: BaseException) -> FailureKind:
    """Of an exception of any client, by the operating system's exception that it wraps."""
    for cause in _chain(error):
        for type_, kind in _CAUSE:
            if isinstance(cause, type_):
                return kind
        if isinstance(cause, OSError) and cause.errno in _NO_WAY:
            return FailureKind.REFUSED
    return FailureKind.PROTOCOL


def unsent(error: BaseException) -> bool:
    """Whether the request certainly never left: no connection was made, or trusted, to send it on."""
    return any(
        isinstance(cause, socket.gaierror | ConnectionRefusedError | ssl.SSLCertVerificationError)
        or type(cause).__name__ in ("NewConnectionError", "ConnectTimeoutError", "NameResolutionError")
        for cause in _chain(error)
    )


def innermost(error: BaseException) -> str:
    """The last word of the chain, on one line: what the operating system or the peer said."""
    last = list(_chain(error))[-1]
    if isinstance(last, OSError) and not isinstance(last, ssl.SSLError) and (last.errno or 0) in errorcode:
        return os.strerror(last.errno or 0)  # asyncio puts words of its own into strerror
    text = getattr(last, "strerror", None) or str(last) or type(last).__name__
    return one_line(str(text))


def one_line(text: str, most: int = 200) -> str:
    """Text from outside as one printable line of at most ``most`` characters, without our own secrets in it."""
    text = masked(text)
    plain = text if text.isprintable() else "".join(char if char.isprintable() else " " for char in text)
    flat = " ".join(plain.split())
    return flat if len(flat) <= most else flat[: most - 1] + "…"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, what it carries, and what it was raised from, outermost first; each once."""
    seen: set[int] = set()
    queue: list[object] = [error]
    while queue:
        link = queue.pop(0)
        if not isinstance(link, BaseException) or id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        queue += [getattr(link, "reason", None), *link.args, link.__cause__, link.__context__]
