"""A TCP connection, with a TLS handshake where asked for. Used in a bulkhead's threads only."""

from __future__ import annotations

import socket
import ssl
import time

from connectors.address import split
from connectors.deadline import Line
from connectors.probe.tried import Tried, refused
from connectors.settings.probe import Check


def connect(check: Check, timeout: float, line: Line) -> Tried:
    """Connects to ``check.tcp``; says nothing and hangs up. ``line`` lets the deadline shut the socket."""
    host, port = split(check.tcp)
    started = time.monotonic()
    try:
        with socket.create_connection((host, port), timeout) as plain:
            line.hold(plain)
            if not check.tls:
                return Tried(True, f"connected to {check.tcp}", time.monotonic() - started)
            return _shaken(check, host, plain, started)
    except (OSError, ValueError) as error:
        return refused(error)


def _shaken(check: Check, host: str, plain: socket.socket, started: float) -> Tried:
    with context_of(check).wrap_socket(plain, server_hostname=host) as secure:
        took = time.monotonic() - started
        return Tried(True, f"{secure.version()} with {check.tcp}", took, ends=ends_of(secure))


def context_of(check: Check) -> ssl.SSLContext:
    """What is trusted: the machine's authorities, those of a file, or anybody."""
    context = ssl.create_default_context(cafile=check.ca_file or None)
    if not check.verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def ends_of(secure: object) -> float | None:
    """When the peer's certificate ends, in wall seconds; None where it was not verified, or there is none."""
    told = secure.getpeercert() if isinstance(secure, ssl.SSLSocket) else None
    ends = (told or {}).get("notAfter")
    return float(ssl.cert_time_to_seconds(ends)) if isinstance(ends, str) else None
