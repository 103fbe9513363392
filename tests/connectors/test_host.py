"""The machine the tests run on, read for real."""

from __future__ import annotations

import os
import subprocess

import pytest

from connectors import Examining, Explaining
from connectors.host import open_connector
from connectors.host.measure import Meter
from connectors.settings.host import Settings
from console.clock import SystemClock
from console.model.change import Change, Outcome, RunContext, Verdict
from console.model.examination import Grade, Write
from console.model.snapshot import Detail, FailureKind, Snapshot, Unreachable
from tests.connectors.threaded_clock import IN_A_WORKER, ThreadedClock


async def test_a_reading() -> None:
    host = open_connector("host", Settings(), SystemClock())
    first, second = await host.read(), await host.read()
    await host.close()
    assert isinstance(first, Snapshot)
    assert isinstance(second, Snapshot)
    (seen,) = second.components
    values = {signal.name: signal.value for signal in seen.signals}
    assert seen.id == "host/local"
    assert values["load"] is not None
    for name in ("memory", "disk"):
        assert 0 < (values[name] or 0) <= 1
    assert (values["console_memory"] or 0) > 1_000_000
    assert {counter.rate_name for counter in seen.counters} == {"received", "sent"}


async def test_the_consoles_cpu_is_unknown_until_there_are_two_readings() -> None:
    host = open_connector("host", Settings(), SystemClock())
    first, second = await host.read(), await host.read()
    await host.close()
    assert isinstance(first, Snapshot)
    assert isinstance(second, Snapshot)
    cpu = [
        next(signal for signal in seen.components[0].signals if signal.name == "console_cpu")
        for seen in (first, second)
    ]
    assert (cpu[0].value, cpu[0].note) == (None, "first reading")
    assert cpu[1].value is not None


async def test_numbers_are_of_the_moment_when_they_were_measured() -> None:
    host = open_connector("host", Settings(), ThreadedClock())
    seen = await host.read()
    await host.close()
    assert isinstance(seen, Snapshot)
    (component,) = seen.components
    signals, counters = {each.at for each in component.signals}, {each.at for each in component.counters}
    assert {seen.at} == signals == counters == {IN_A_WORKER}


async def test_a_disk_that_is_not_there_hides_nothing_else() -> None:
    host = open_connector("host", Settings(disk="/no/such/place"), SystemClock())
    seen = await host.read()
    await host.close()
    assert isinstance(seen, Snapshot)
    told = {signal.name: signal for signal in seen.components[0].signals}
    assert (told["disk"].value, told["disk"].note) == (None, "/no/such/place: No such file or directory")
    assert seen.problems == (told["disk"].note,)
    assert (told["memory"].value or 0) > 0


async def test_a_drill_down_and_no_levers() -> None:
    host = open_connector("host", Settings(), SystemClock())
    detail = await host.inspect("host/local")
    other = await host.inspect("host/other")
    change, run = Change("host/local", "load", 1, 2), RunContext("r1", "tester", "test")
    applied, probed = await host.apply(change, run), await host.probe(change, run)
    await host.close()
    assert isinstance(detail, Detail)
    assert int(detail.extra["cores"]) >= 1
    assert isinstance(other, Unreachable)
    assert other.kind is FailureKind.NOT_FOUND
    assert (applied.outcome, probed.verdict) == (Outcome.REJECTED, Verdict.FOREIGN)


def said_by(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


async def test_what_the_systems_own_tools_say() -> None:
    host = open_connector("host", Settings(), SystemClock())
    seen = await host.read()
    await host.close()
    assert isinstance(seen, Snapshot)
    values = {signal.name: signal.value for signal in seen.components[0].signals}
    taken, free = (int(field) for field in said_by("df", "--output=used,avail", "/").splitlines()[1].split())
    assert values["disk"] == pytest.approx(taken / (taken + free), abs=0.01)
    assert values["open_files"] == pytest.approx(len(os.listdir(f"/proc/{os.getpid()}/fd")), abs=5)
    resident = int(said_by("ps", "-o", "rss=", "-p", str(os.getpid())))
    assert values["console_memory"] == pytest.approx(resident * 1024, rel=0.1)


def test_a_clock_that_is_set_while_the_console_runs_is_told() -> None:
    booted = [1000.0]
    meter = Meter("host", "/", lambda: booted[0])
    told = []
    for moved in (0.0, -90.0, 30.0):
        booted[0] = 1000.0 + moved
        told.append(next(one for one in meter.read("host/local", 5.0).signals if one.name == "clock_set"))
    assert [one.value for one in told] == [0.0, 90.0, 30.0]
    assert [one.note.partition(" ")[0] for one in told] == ["", "back", "forward"]


async def test_it_is_examined_and_explains_each_number() -> None:
    host = open_connector("host", Settings(), SystemClock())
    assert isinstance(host, Examining)
    assert isinstance(host, Explaining)
    found = await host.examine((Write("host/local", "load"),))
    seen = await host.read()
    await host.close()
    assert isinstance(seen, Snapshot)
    assert found.version.startswith("Linux")
    assert {each.grade for each in found.findings if each.write is None} <= {Grade.YES, Grade.NOTE}
    assert [each.grade for each in found.findings if each.write] == [Grade.NO]
    for signal in seen.components[0].signals:
        assert host.behind("host/local", signal.name)
    assert host.behind("host/local", "nothing") == ""


async def test_a_disk_that_is_not_there_is_a_finding() -> None:
    host = open_connector("host", Settings(disk="/no/such/place"), SystemClock())
    assert isinstance(host, Examining)
    found = await host.examine(())
    await host.close()
    (disk,) = (each for each in found.findings if each.grade is Grade.NO)
    assert (disk.what, disk.reason) == ("measure disk", "/no/such/place: No such file or directory")
