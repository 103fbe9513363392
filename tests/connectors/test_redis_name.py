"""A name server that does not answer costs a reading its deadline, and nobody's exit anything."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator

import pytest

from connectors.redis import open_connector
from connectors.settings.redis import Settings
from console.clock import SystemClock
from console.model.change import Change, Outcome, RunContext
from console.model.snapshot import FailureKind, Unreachable


@pytest.fixture
def silent_name_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    over, real = threading.Event(), socket.getaddrinfo

    def look_up(host: str, *rest: object, **named: object) -> object:
        if host == "slow.example":
            over.wait(30)
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return real(host, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    yield
    over.set()


@pytest.mark.usefixtures("silent_name_server")
async def test_a_name_that_is_looked_up_for_ever_leaves_no_thread_that_the_exit_waits_for() -> None:
    connector = open_connector("redis", Settings(url="redis://slow.example", timeout=0.2), SystemClock())
    seen = await connector.read()
    assert isinstance(seen, Unreachable)
    assert seen.kind is FailureKind.TIMED_OUT
    assert "slow.example" in seen.reason
    change = Change("redis/cache", "flag.read_only", False, True)
    applied = await connector.apply(change, RunContext("r1", "ann", "spike"))
    assert applied.outcome is Outcome.REJECTED  # certainly not sent
    await connector.close()
    waited_for = [each for each in threading.enumerate() if not each.daemon and each is not threading.main_thread()]
    assert [each.name for each in waited_for if each.name.startswith("asyncio")] == []
    assert asyncio.get_running_loop()._default_executor is None  # type: ignore[attr-defined]
