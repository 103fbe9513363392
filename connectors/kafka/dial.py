"""A plain connection to a bootstrap address before the client is let at it.

The client retries whatever goes wrong until its time is over and then says no more than that it timed out. Whether a
name did not resolve, a port was closed or a certificate did not fit is known here, at the first attempt.
"""

from __future__ import annotations

import socket
import ssl

from connectors.failure import Failed
from connectors.kafka.failure import failed
from console.model.snapshot import FailureKind

_KINDS: tuple[tuple[type[OSError], FailureKind], ...] = (
    (ssl.SSLError, FailureKind.TLS),
    (socket.gaierror, FailureKind.NAME),
    (TimeoutError, FailureKind.TIMED_OUT),
)


def split(address: str) -> tuple[str, int]:
    """``host:port`` or ``[v6]:port``. ValueError where it is neither."""
    host, colon, port = address.rpartition(":")
    if not colon or not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError(address)
    return host.strip("[]"), int(port)


def dial(address: str, tls: ssl.SSLContext | None, seconds: float) -> None:
    """Connects, shakes hands where ``tls`` is given, and hangs up. Raises Failed."""
    host, port = split(address)
    try:
        with socket.create_connection((host, port), timeout=seconds) as plain:
            if tls is not None:
                tls.wrap_socket(plain, server_hostname=host).close()
    except OSError as error:
        raise _failed(error, address) from error


def _failed(error: OSError, address: str) -> Failed:
    kind = next((kind for class_, kind in _KINDS if isinstance(error, class_)), FailureKind.REFUSED)
    return failed(kind, f"{address}: {error.strerror or error}")
