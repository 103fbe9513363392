"""``seawall status``: the topology in words or as JSON, with an exit code a script can act on.

What comes from outside (names, notes, reasons) cannot steer the terminal: the words are made inert, the JSON is ASCII.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click
import msgspec

from console.cli.exits import OF_HEALTH
from console.cli.invocation import Invocation
from console.cli.looking import look
from console.cli.reading_document import reading_document
from console.model.alert import AlertState
from console.model.inert import inert
from console.model.units import show_duration

if TYPE_CHECKING:
    from console.model.alert import Alert
    from console.model.reading import Reading
    from console.model.snapshot import Unreachable
    from console.model.topology import Component, Source, Topology
    from console.session import Session

SCHEMA = "seawall.status/1"
ALERTS = 10  # lines; the JSON has them all
LONGEST_ALIAS = 32  # characters; aliases are told apart by their ends as often as by their beginnings


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
    look(invocation.load(), lambda session: _report(session, as_json), watch=watch)


async def _report(session: Session, as_json: bool) -> int:
    topology = session.topology
    if as_json:
        click.echo(_document(session, topology))
    else:
        for line in _lines(session, topology):
            click.echo(inert(line))
    return OF_HEALTH[topology.health]


def _lines(session: Session, topology: Topology) -> Iterator[str]:
    now = session.clock.now()
    sources = topology.sources.values()
    read = "".join(f"  {source.name} {_age(source, now)}" for source in sources if source.failure is None)
    yield f"{session.environment.name}  {topology.health.word}{read}"
    wide = max((len(component.alias) for component in topology.components), default=0)
    for component in topology.components:
        yield _component_line(component, min(max(wide, 14), LONGEST_ALIAS), now)
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


def _component_line(component: Component, wide: int, now: float) -> str:
    names = component.show or tuple(component.readings)[:4]
    values = [_value(component.readings[name], now) for name in names if name in component.readings]
    known = "  ".join([*values, *filter(None, [component.state])]) or "nothing known"
    why = "; ".join((*component.reasons, *component.notes))
    return f"  {component.alias:<{wide}.{wide}} {component.health.word:<5} {known}" + (f"  ({why})" if why else "")


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
