"""One loop a connector: a sick backend is a value, is read more rarely, and delays nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from connectors import Connector
from console import session as session_module
from console.clock import SystemClock
from console.config import Environment
from console.model.change import Applied, Change, Outcome, Probed, RunContext, Verdict
from console.model.component import ComponentId, Health
from console.model.layout import Layout, Placement
from console.model.signal import Signal, Unit
from console.model.snapshot import Detail, FailureKind, Observed, Seen, Snapshot, Unreachable
from console.session import Session


@dataclass
class Backend:
    """A connector of the test's own: answers what it is told to, or never."""

    name: str
    answer: Callable[[float], Seen] | None  # None: hangs
    clock: SystemClock
    reads: int = 0
    closed: bool = False
    asked: list[ComponentId] = field(default_factory=list)

    async def read(self) -> Seen:
        self.reads += 1
        if self.answer is None:
            await asyncio.Event().wait()
        assert self.answer is not None
        return self.answer(self.clock.now())

    async def inspect(self, component: ComponentId) -> Detail | Unreachable:
        self.asked.append(component)
        if component.endswith("/broken"):
            raise IndexError("a row shorter than its columns")
        return Detail(component, self.clock.now(), "title", (), ())

    async def apply(self, change: Change, run: RunContext) -> Applied:
        return Applied(Outcome.REJECTED)

    async def probe(self, change: Change, run: RunContext) -> Probed:
        return Probed(Verdict.FOREIGN)

    async def close(self) -> None:
        self.closed = True


LAYOUT = Layout((Placement("cache", "cache", "redis/cache"),))
CLOCK = SystemClock()


def good(at: float) -> Snapshot:
    return Snapshot("redis", at, 0.001, (Observed("redis/cache"),))


def bad(at: float) -> Unreachable:
    return Unreachable("kafka", at, FailureKind.REFUSED, "connection refused")


@pytest.fixture
def watch(tmp_path: Path) -> Callable[..., Session]:
    """A session over backends of the test's own, by the same door the real ones come in by."""

    def opened(*backends: Backend) -> Session:
        by_name: dict[str, Connector] = {backend.name: backend for backend in backends}
        environment = Environment("test", False, False, 1.0, None, 0.2, LAYOUT, {}, (), tmp_path / "x.toml", tmp_path)
        session = Session(environment, CLOCK)
        session.connectors = by_name
        return session

    return opened


async def test_a_hung_backend_delays_no_other(watch: Callable[..., Session]) -> None:
    hung, fine = Backend("kafka", None, CLOCK), Backend("redis", good, CLOCK)
    session = watch(hung, fine)
    await session.start()
    async with asyncio.timeout(5):
        while fine.reads < 3:
            await session.next()
    assert hung.reads == 1
    await session.stop()
    assert hung.closed
    assert fine.closed


async def test_what_was_seen_before_everybody_hung_is_stale_at_the_next_look(watch: Callable[..., Session]) -> None:
    seen_at = CLOCK.now() - 100.0
    value = Signal("memory", 1.0, Unit.BYTES, seen_at, "redis")
    session = watch(
        Backend("redis", lambda _: Snapshot("redis", seen_at, 0.001, (Observed("redis/cache", (value,)),)), CLOCK)
    )
    assert (await session.read_now()).health is Health.OK
    assert session.look().health is Health.UNKNOWN
    await session.stop()


async def test_a_failure_is_kept_as_a_value(watch: Callable[..., Session]) -> None:
    session = watch(Backend("kafka", bad, CLOCK), Backend("redis", good, CLOCK))
    topology = await session.read_now()
    failure = topology.sources["kafka"].failure
    assert failure is not None
    assert failure.kind is FailureKind.REFUSED
    assert topology.sources["redis"].failure is None
    await session.stop()


async def test_a_mistake_in_a_connector_is_told_and_ends_no_loop(watch: Callable[..., Session]) -> None:
    def broken(at: float) -> Seen:
        raise ValueError(f"at {at}")

    backend = Backend("redis", broken, CLOCK)
    session = watch(backend)
    await session.start()
    async with asyncio.timeout(5):
        while backend.reads < 2:
            await session.next()
    failure = session.topology.sources["redis"].failure
    assert failure is not None
    assert failure.reason.startswith("ValueError: at ")
    assert "test_session.py:" in failure.reason
    assert "report" in failure.advice
    await session.stop()


async def test_a_drill_down_goes_to_the_connector_that_knows_it(watch: Callable[..., Session]) -> None:
    backend = Backend("redis", good, CLOCK)
    session = watch(backend)
    assert isinstance(await session.inspect("redis/cache"), Detail)
    broken = await session.inspect("redis/broken")
    assert isinstance(broken, Unreachable)
    assert broken.reason.startswith("IndexError: a row shorter")
    missing = await session.inspect("kafka/group/orders")
    assert isinstance(missing, Unreachable)
    assert missing.kind is FailureKind.NOT_FOUND


def test_making_a_session_opens_nothing(watch: Callable[..., Session]) -> None:
    backend = Backend("redis", good, CLOCK)
    watch(backend)
    assert backend.reads == 0
    assert session_module.open_connectors(watch().environment, CLOCK) == {}
