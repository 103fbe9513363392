"""One source's loop: readings never overlap, an open breaker keeps nobody waiting, renewed credentials are noticed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from connectors.credentials import fingerprint
from connectors.secret import Secret
from console.clock import SystemClock
from console.model.change import Applied, Change, Outcome, Probed, RunContext, Verdict
from console.model.component import ComponentId
from console.model.snapshot import OPEN_AFTER, Detail, FailureKind, Seen, Snapshot, Unreachable
from console.watcher import Watcher
from tests.panels.stage import StillClock

CLOCK = SystemClock()


@dataclass
class Backend:
    """Answers as told, once the gate is open."""

    answer: Callable[[], Seen]
    gate: asyncio.Event
    name: str = "redis"
    reads: int = 0
    inspected: int = 0

    async def read(self) -> Seen:
        self.reads += 1
        await self.gate.wait()
        return self.answer()

    async def inspect(self, component: ComponentId) -> Detail | Unreachable:
        self.inspected += 1
        return Detail(component, CLOCK.now(), "title", (), ())

    async def apply(self, change: Change, run: RunContext) -> Applied:
        return Applied(Outcome.REJECTED)

    async def probe(self, change: Change, run: RunContext) -> Probed:
        return Probed(Verdict.FOREIGN)

    async def close(self) -> None:
        self.gate.set()


def expired() -> Unreachable:
    return Unreachable("redis", CLOCK.now(), FailureKind.EXPIRED, "WRONGPASS")


def well() -> Snapshot:
    return Snapshot("redis", CLOCK.now(), 0.0, ())


async def nobody(seen: Seen) -> None:
    return None


async def test_a_reading_is_never_older_than_the_question_and_questions_share_one() -> None:
    backend = Backend(well, asyncio.Event())
    watcher = Watcher(backend, CLOCK, 1.0, nobody)
    early = asyncio.create_task(watcher.read())
    await asyncio.sleep(0)
    later = [asyncio.create_task(watcher.read()) for _ in range(3)]
    await asyncio.sleep(0)
    assert backend.reads == 1
    backend.gate.set()
    first, *others = await asyncio.gather(early, *later)
    assert backend.reads == 2
    assert all(other is others[0] for other in others)
    assert others[0] is not first


async def test_an_open_breaker_keeps_a_drill_down_from_waiting() -> None:
    backend = Backend(expired, asyncio.Event())
    backend.gate.set()
    watcher = Watcher(backend, CLOCK, 1.0, nobody)
    for _ in range(OPEN_AFTER):
        assert isinstance(await watcher.inspect("redis/cache"), Detail)
        await watcher.read()
    told = await watcher.inspect("redis/cache")
    assert isinstance(told, Unreachable)
    assert told.reason == "not asked now, it fails: WRONGPASS"
    assert backend.inspected == OPEN_AFTER
    backend.answer = well
    await watcher.read()
    assert isinstance(await watcher.inspect("redis/cache"), Detail)


async def test_a_failure_says_how_often_and_when_it_is_tried_again() -> None:
    backend = Backend(expired, asyncio.Event())
    backend.gate.set()
    watcher = Watcher(backend, CLOCK, 10.0, nobody)
    await watcher.read()
    seen = await watcher.read()
    assert isinstance(seen, Unreachable)
    assert seen.failures == 2
    assert seen.next_at is not None
    assert 19.0 < seen.next_at - seen.at < 21.0


async def test_the_wait_that_a_server_asks_for_begins_with_its_answer() -> None:
    def busy() -> Unreachable:
        clock.ahead(7.0)  # it took its time to say so
        return Unreachable("redis", clock.now(), FailureKind.THROTTLED, "503", retry_after=5.0)

    clock, backend = StillClock(1000.0), Backend(busy, asyncio.Event())
    backend.gate.set()
    seen = await Watcher(backend, clock, 1.0, nobody).read()
    assert isinstance(seen, Unreachable)
    assert seen.next_at == 1012.0


async def test_renewed_credentials_are_tried_at_once(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("old", encoding="utf-8")
    readings: asyncio.Queue[Seen] = asyncio.Queue()
    backend = Backend(lambda: well() if token.read_text(encoding="utf-8") == "new" else expired(), asyncio.Event())
    backend.gate.set()
    watcher = Watcher(backend, CLOCK, 0.05, readings.put, lambda: fingerprint(Settings(Secret(f"file:{token}"))))
    task = asyncio.create_task(watcher.watch())
    async with asyncio.timeout(20):
        while (seen := await readings.get()) and isinstance(seen, Unreachable) and seen.failures < 6:
            pass
        assert isinstance(seen, Unreachable)  # the next attempt is 0.8 s away
        token.write_text("new", encoding="utf-8")
        renewed = await readings.get()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert isinstance(renewed, Snapshot)
    assert seen.next_at is not None
    assert renewed.at < seen.next_at


class Settings(msgspec.Struct, frozen=True):
    password: Secret


class Whole(msgspec.Struct, frozen=True):
    ca_file: str
    inner: Settings
    user: str = "name"
    kubeconfig: str | None = None


def test_a_fingerprint_changes_with_any_file_and_reads_none(tmp_path: Path) -> None:
    ca, password, config = (tmp_path / name for name in ("ca.pem", "password", "kubeconfig"))
    settings = Whole(str(ca), Settings(Secret(f"file:{password}")), kubeconfig=str(config))
    seen = [fingerprint(settings)]
    assert seen[0] == (None, None, None)
    for path in (ca, password, config):
        path.write_text("x", encoding="utf-8")
        os.chmod(path, 0)
        seen.append(fingerprint(settings))
    assert len(set(seen)) == 4


def test_a_secret_in_the_environment_is_not_looked_at() -> None:
    assert fingerprint(Settings(Secret("env:NOT_SET_ANYWHERE"))) == ()
