"""``seawall status``: the topology in words or as JSON, with an exit code a script can act on.

What comes from outside (names, notes, reasons) cannot steer the terminal: the words are made inert, the JSON is ASCII.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click
import msgspec

from console.cli.exits import OF_HEALTH
from console.cli.invocation import Invocation
from console.cli.looking import at_once, read_twice, session_of
from console.cli.reading_document import reading_document
from console.model.alert import AlertState
from console.model.inert import inert
from console.model.units import show_duration

if TYPE_CHECKING:
    from console.config import Environment
    from console.model.alert import Alert
    from console.model.reading import Reading
    from console.model.snapshot import Unreachable
    from console.model.topology import Component, Source, Topology
    from console.session import Session

SCHEMA = "seawall.status/1"
ALERTS = 10  # lines; the JSON has them all


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document (with --watch: one a line).")
@click.option("--watch", is_flag=True, help="Go on until Ctrl-C, one report an interval.")
@click.pass_obj
def status(invocation: Invocation, as_json: bool, watch: bool) -> None:
    """Print what the estate looks like now.

    Exit code: 0 all is well, 1 a warning, 2 critical, 3 something cannot be known. Two readings are taken, at most
    a second apart, because a rate needs two; a rule's `for` is not waited for. With --watch it is, every source is
    read at its own pace, and one that hangs delays no report but the first.
    """
    environment = invocation.load()
    try:
        sys.exit(asyncio.run(_watch(environment, as_json) if watch else _once(environment, as_json)))
    except KeyboardInterrupt:
        sys.exit(130)


async def _once(environment: Environment, as_json: bool) -> int:
    session = session_of(at_once(environment))
    try:
        topology = await read_twice(session)
        _print(session, topology, as_json)
        return OF_HEALTH[topology.health]
    finally:
        await session.stop()


async def _watch(environment: Environment, as_json: bool) -> int:
    session = session_of(environment)
    try:
        await session.start()
        while len(session.topology.sources) < len(session.connectors):
            await session.next()
        while True:
            _print(session, session.topology, as_json)
            await asyncio.sleep(environment.interval)
    finally:
        await session.stop()


def _print(session: Session, topology: Topology, as_json: bool) -> None:
    if as_json:
        click.echo(_document(session, topology))
        return
    for line in _lines(session, topology):
        click.echo(inert(line))


def _lines(session: Session, topology: Topology) -> Iterator[str]:
    now = session.clock.now()
    sources = topology.sources.values()
    read = "".join(f"  {source.name} {_age(source, now)}" for source in sources if source.failure is None)
    yield f"{session.environment.name}  {topology.health.word}{read}"
    for component in topology.components:
        yield _component_line(component, now)
    if topology.pressure is not None:
        yield topology.pressure.evidence
    yield from _alert_lines(topology.alerts, now)
    for source in sources:
        if source.failure is not None:
            yield _failure_line(source, source.failure, now)
        elif source.snapshot is not None:
            yield from (f"{source.name}: {problem}" for problem in source.snapshot.problems)


def _alert_lines(alerts: tuple[Alert, ...], now: float) -> Iterator[str]:
    """Those that fire, the oldest first, each with its age; the rest in numbers."""
    firing = [alert for alert in alerts if alert.state is AlertState.FIRING]
    for alert in firing[:ALERTS]:
        age = "" if alert.since is None else f" for {show_duration(round(max(0.0, now - alert.since)))}"
        severity = f" ({alert.severity})" if alert.severity else ""
        summary = f": {alert.summary}" if alert.summary else ""
        yield f"alert {alert.name}{severity}{age}{summary}"
    rest = (len(firing) - ALERTS, "more firing"), (len(alerts) - len(firing), "pending")
    words = ", ".join(f"{count} {what}" for count, what in rest if count > 0)
    if words:
        yield f"alerts: {words}"


def _failure_line(source: Source, failure: Unreachable, now: float) -> str:
    advice = f"; {failure.advice}" if failure.advice else ""
    return f"{source.name} {failure.kind}: {failure.reason}{advice}; last read: {_age(source, now)}"


def _age(source: Source, now: float) -> str:
    age = source.age(now)
    return "never" if age is None else show_duration(round(age))


def _component_line(component: Component, now: float) -> str:
    names = component.show or tuple(component.readings)[:4]
    values = [_value(component.readings[name], now) for name in names if name in component.readings]
    known = "  ".join([*values, *filter(None, [component.state])]) or "nothing known"
    why = "; ".join((*component.reasons, *component.notes))
    return f"  {component.alias:<14.14} {component.health.word:<5} {known}" + (f"  ({why})" if why else "")


def _value(reading: Reading, now: float) -> str:
    old = f" ({show_duration(round(max(0.0, now - reading.at)))} old)" if reading.stale else ""
    return f"{reading.name} {reading.text}{old}"


def _document(session: Session, topology: Topology) -> str:
    now = session.clock.now()
    document = {
        "schema": SCHEMA,
        "environment": session.environment.name,
        "at": topology.at,
        "health": topology.health.name.lower(),
        "sources": {source.name: _source_document(source, now) for source in topology.sources.values()},
        "components": [_component_document(component) for component in topology.components],
        "alerts": [_alert_document(alert, now) for alert in topology.alerts],
        "pressure": None if topology.pressure is None else msgspec.to_builtins(topology.pressure),
        "forecasts": msgspec.to_builtins(topology.forecasts),
    }
    # ASCII, so that no name from outside reaches a terminal as a control character; msgspec first: its null is inf's.
    return json.dumps(json.loads(msgspec.json.encode(document)))


def _alert_document(alert: Alert, now: float) -> dict[str, object]:
    """``age`` in estate seconds; null where it was not told since when."""
    age = None if alert.since is None else max(0.0, now - alert.since)
    return {**msgspec.to_builtins(alert), "age": age}


def _source_document(source: Source, now: float) -> dict[str, object]:
    failure = source.failure
    return {
        "age": source.age(now),
        "failure": None
        if failure is None
        else {"kind": failure.kind, "reason": failure.reason, "advice": failure.advice},
        "problems": [] if source.snapshot is None else list(source.snapshot.problems),
        "skew": None if source.snapshot is None else source.snapshot.skew,
    }


def _component_document(component: Component) -> dict[str, object]:
    return {
        "alias": component.alias,
        "layer": component.layer,
        "ids": list(component.ids),
        "health": component.health.name.lower(),
        "reasons": list(component.reasons),
        "state": component.state,
        "notes": list(component.notes),
        "signals": {name: reading_document(reading) for name, reading in component.readings.items()},
        "facts": {fact.name: fact.value for fact in component.facts.values()},
    }
