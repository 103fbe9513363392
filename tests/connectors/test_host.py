"""The machine the tests run on, read for real."""

from __future__ import annotations

from connectors.host import open_connector
from connectors.settings.host import Settings
from console.clock import SystemClock
from console.model.change import Change, Outcome, RunContext, Verdict
from console.model.snapshot import Detail, FailureKind, Snapshot, Unreachable


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


async def test_a_disk_that_is_not_there() -> None:
    host = open_connector("host", Settings(disk="/no/such/place"), SystemClock())
    seen = await host.read()
    await host.close()
    assert isinstance(seen, Unreachable)
    assert "/no/such/place" in seen.reason


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
