"""One HTTP health check, as a load balancer makes it: a connection of its own, no redirect followed, no retry.

Used in a bulkhead's threads only; urllib3 is imported there. Of the body no more is read than is looked at.
"""

from __future__ import annotations

import time
from typing import Any

from connectors.deadline import pool_classes
from connectors.failure import one_line
from connectors.imports import imported
from connectors.probe.connection import context_of, ends_of
from connectors.probe.tried import Tried, refused
from connectors.secret import MissingSecret
from connectors.settings.probe import Check
from console.model.snapshot import FailureKind

READ = 65536  # bytes of the body


def request(check: Check, url: str, timeout: float) -> Tried:
    """``GET url``. Well: the status is one of those wanted, and the text is there."""
    imported("urllib3")
    import urllib3

    pool = urllib3.PoolManager(ssl_context=context_of(check)) if url.startswith("https") else urllib3.PoolManager()
    ends: list[float | None] = []
    pool.pool_classes_by_scheme = _pools(ends)
    started = time.monotonic()
    try:
        response = pool.request(
            "GET",
            url,
            headers=_headers(check),
            timeout=timeout,
            retries=False,
            redirect=False,
            preload_content=False,
        )
        body = response.read(READ) if check.contains else b""
    except MissingSecret as missing:
        return Tried(False, str(missing), kind=FailureKind.EXPIRED)
    except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        return refused(error)
    finally:
        pool.clear()
    return _judged(check, response, body, time.monotonic() - started, ends[-1] if ends else None)


def _pools(ends: list[float | None]) -> dict[str, Any]:
    """The pools of a call with a deadline, which note when the certificates that they see end."""
    pools = dict(pool_classes())
    secure: Any = pools["https"]

    class Connection(secure.ConnectionCls):  # type: ignore[misc]
        def connect(self) -> None:
            super().connect()
            ends.append(ends_of(self.sock))

    class Pool(secure):  # type: ignore[misc]
        ConnectionCls = Connection

    return pools | {"https": Pool}


def _headers(check: Check) -> dict[str, str]:
    told = {"User-Agent": "seawall", "Connection": "close", "Cache-Control": "no-cache"}
    return told | {"Authorization": f"Bearer {check.token.reveal()}"} if check.token is not None else told


def _judged(check: Check, response: Any, body: bytes, took: float, ends: float | None) -> Tried:
    status, said = int(response.status), one_line(f"{response.status} {response.reason or ''}", 80)
    well = status in check.status if check.status else 200 <= status < 400
    if not well:
        return Tried(False, said, took, FailureKind.PROTOCOL, status, ends=ends)
    if check.contains.encode() not in body:
        missing = f"{said}, without {one_line(check.contains, 40)!r}"
        return Tried(False, missing, took, FailureKind.PROTOCOL, status, ends=ends)
    return Tried(True, said, took, status=status, ends=ends)
