"""The doctor outlives its sources: one that raises, hangs or cannot be examined costs its own answers alone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from connectors import Connector
from console import doctor
from console.clock import SystemClock
from console.config import load
from console.doctor import Diagnosis, away, diagnose
from console.model.change import Applied, Change, Probed, RunContext, Verdict
from console.model.component import ComponentId
from console.model.examination import Examination, Finding, Grade, Write
from console.model.snapshot import Detail, FailureKind, Seen, Snapshot, Unreachable
from tests.console.test_config import GOOD, written


class Reader:
    """A connector of the port's least: it reads, and cannot be examined."""

    def __init__(self, name: str, read: Callable[[], Awaitable[Seen]]) -> None:
        self.name = name
        self.closed = False
        self._read = read

    async def read(self) -> Seen:
        return await self._read()

    async def inspect(self, component: ComponentId) -> Detail | Unreachable:
        return Unreachable(self.name, 0.0, FailureKind.NOT_FOUND, "nothing")

    async def apply(self, change: Change, run: RunContext) -> Applied:
        raise AssertionError("the doctor writes nothing")

    async def probe(self, change: Change, run: RunContext) -> Probed:
        return Probed(Verdict.UNKNOWN)

    async def close(self) -> None:
        self.closed = True


class Examined(Reader):
    """One that can be; its clock is ``skew`` seconds off."""

    skew: float | None = None

    async def examine(self, writes: tuple[Write, ...]) -> Examination:
        return Examination(self.name, "somewhere", skew=self.skew, findings=(Finding("ask", Grade.YES),))


async def well() -> Seen:
    return Snapshot("prometheus", 0.0, 0.01, ())


async def hung() -> Seen:
    await asyncio.Event().wait()
    raise AssertionError("never")


async def raising() -> Seen:
    raise ZeroDivisionError("a slip")


async def examined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, connectors: dict[str, Connector]
) -> tuple[Diagnosis, list[tuple[str, ...]]]:
    """The diagnosis of an environment with these connectors, and what was waited for."""
    environment = load(written(tmp_path, GOOD))
    environment = replace(environment, connectors=dict.fromkeys(connectors, environment.connectors["redis"]))
    monkeypatch.setattr(
        doctor, "open_connectors", lambda alone, clock: {each: connectors[each] for each in alone.connectors}
    )
    waited: list[tuple[str, ...]] = []
    return await diagnose(environment, SystemClock(), (), (), waited.append), waited


def graded(found: Diagnosis) -> dict[str, list[tuple[str, Grade]]]:
    return {each.source: [(one.what, one.grade) for one in each.findings] for each in found.sources}


async def test_one_that_raises_or_hangs_takes_no_other_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "DEADLINE", 0.2)
    connectors = {"a": Examined("a", well), "b": Reader("b", raising), "c": Reader("c", hung)}
    found, waited = await examined(tmp_path, monkeypatch, dict(connectors))
    assert graded(found) == {
        "a": [("read", Grade.YES), ("ask", Grade.YES)],
        "b": [("examine", Grade.UNKNOWN)],
        "c": [("answer", Grade.UNKNOWN)],
    }
    assert all(each.closed for each in connectors.values())
    assert waited[0] == ("a", "b", "c")
    assert waited[-1] == ()


async def test_one_that_cannot_be_examined_is_not_called_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found, _ = await examined(tmp_path, monkeypatch, {"a": Reader("a", well)})
    assert graded(found)["a"] == [("read", Grade.YES), ("permissions", Grade.UNKNOWN)]


@pytest.mark.parametrize(("skew", "told"), [(None, False), (0.0, False), (1.9, False), (2.1, True), (-3.0, True)])
async def test_a_clock_more_than_two_seconds_off_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, skew: float | None, told: bool
) -> None:
    connector = Examined("a", well)
    connector.skew = skew
    found, _ = await examined(tmp_path, monkeypatch, {"a": connector})
    clocks = [one for one in found.findings if one.what == "clock"]
    assert bool(clocks) == told
    assert all(one.grade is Grade.NO and ("ahead" if (skew or 0) > 0 else "behind") in one.reason for one in clocks)


@pytest.mark.parametrize(
    ("grade", "kind", "is_away"),
    [
        (Grade.UNKNOWN, None, True),
        (Grade.NO, FailureKind.REFUSED, True),
        (Grade.NO, FailureKind.TIMED_OUT, True),
        (Grade.NO, FailureKind.FORBIDDEN, False),
        (Grade.NO, FailureKind.EXPIRED, False),
        (Grade.NO, None, False),
        (Grade.NOTE, None, False),
        (Grade.YES, None, False),
    ],
)
def test_nobody_there_is_no_refusal(grade: Grade, kind: FailureKind | None, is_away: bool) -> None:
    assert away(Finding("x", grade, kind=kind)) is is_away
