"""A look-up by the DNS protocol itself: the machine's own resolver would answer from its files and caches.

Used in a bulkhead's threads only; dnspython is imported there.
"""

from __future__ import annotations

import time
from ipaddress import ip_address

from connectors.failure import one_line
from connectors.imports import imported
from connectors.probe.tried import Tried, refused
from connectors.settings.probe import Check
from console.model.snapshot import FailureKind

PORT = 53


def look_up(check: Check, timeout: float) -> Tried:
    """Asks for ``check.dns`` within ``timeout`` wall seconds, whichever servers are tried."""
    imported("dns.resolver")
    import dns.exception
    import dns.resolver

    started = time.monotonic()
    try:
        resolver = dns.resolver.Resolver(configure=not check.server)
        if check.server:
            address, resolver.port = _address(check.server)
            resolver.nameservers = [address]  # after the port, which it takes into each
        found = resolver.resolve(check.dns, check.record, lifetime=timeout, search=False)
    except dns.resolver.NXDOMAIN:
        return Tried(False, f"{check.dns}: there is no such name", kind=FailureKind.NAME)
    except dns.resolver.NoAnswer:
        return Tried(False, f"{check.dns}: the name has no {check.record} record", kind=FailureKind.NAME)
    except dns.resolver.LifetimeTimeout:
        return Tried(False, f"{check.dns}: no server answered within {timeout:g} s", kind=FailureKind.TIMED_OUT)
    except dns.exception.DNSException as error:
        return Tried(False, f"{check.dns}: {one_line(str(error))}", kind=FailureKind.NAME)
    except OSError as error:
        return refused(error)
    answers = tuple(record.to_text().rstrip(".") for record in found)
    return _judged(check, answers, time.monotonic() - started)


def _judged(check: Check, answers: tuple[str, ...], took: float) -> Tried:
    said = one_line(", ".join(sorted(answers)))
    if check.expect and {_plain(each) for each in answers} != {_plain(each) for each in check.expect}:
        wanted = ", ".join(sorted(check.expect))
        return Tried(False, f"answered {said}, expected {wanted}", took, FailureKind.PROTOCOL, answers=len(answers))
    return Tried(True, said, took, answers=len(answers))


def _plain(text: str) -> str:
    """An address in its one canonical form, a name in small letters."""
    try:
        return str(ip_address(text))
    except ValueError:
        return text.rstrip(".").lower()


def _address(server: str) -> tuple[str, int]:
    """The server's address, looked up where it is a name, and its port."""
    import socket

    from connectors.address import split

    host, port = split(server, PORT)
    return str(socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0][4][0]), port
