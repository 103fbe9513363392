"""``seawall status``: the topology in words or as JSON, with an exit code a script can act on."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import click
import msgspec

from console.cli.exits import OF_HEALTH
from console.cli.invocation import Invocation

if TYPE_CHECKING:
    from console.config import Environment
    from console.model.reading import Reading
    from console.model.topology import Component, Source, Topology
    from console.session import Session

SCHEMA = "seawall.status/1"


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document (with --watch: one a line).")
@click.option("--watch", is_flag=True, help="Go on until Ctrl-C, one report an interval.")
@click.pass_obj
def status(invocation: Invocation, as_json: bool, watch: bool) -> None:
    """Print what the estate looks like now.

    Exit code: 0 all is well, 1 a warning, 2 critical, 3 something cannot be known. Two readings are taken, an
    interval apart, because a rate needs two; a rule's `for` is not waited for.
    """
    environment = invocation.load()
    try:
        sys.exit(asyncio.run(_report(environment, as_json, watch)))
    except KeyboardInterrupt:
        sys.exit(130)


async def _report(environment: Environment, as_json: bool, watch: bool) -> int:
    from console.clock import SystemClock
    from console.session import Session

    session = Session(_at_once(environment), SystemClock(environment.speed))
    try:
        await session.read_now()
        while True:
            await asyncio.sleep(environment.interval)
            topology = await session.read_now()
            click.echo(_document(session, topology) if as_json else "\n".join(_lines(session, topology)))
            if not watch:
                return OF_HEALTH[topology.health]
    finally:
        await session.stop()


def _at_once(environment: Environment) -> Environment:
    """The environment with rules that do not wait: two readings have no past to look back on."""
    rules = tuple(replace(rule, hold=0.0) for rule in environment.layout.rules)
    return replace(environment, layout=replace(environment.layout, rules=rules))


def _lines(session: Session, topology: Topology) -> list[str]:
    now = session.clock.now()
    sources = "  ".join(_source_line(source, now) for source in topology.sources.values())
    lines = [f"{session.environment.name}  {topology.health.word}  {sources}"]
    lines += [_component_line(component) for component in topology.components]
    if topology.pressure is not None:
        lines.append(topology.pressure.evidence)
    return lines


def _source_line(source: Source, now: float) -> str:
    from console.model.units import show_duration

    if source.failure is not None:
        return f"{source.name} {source.failure.kind}: {source.failure.reason}"
    age = source.age(now)
    return f"{source.name} {'never' if age is None else show_duration(round(age))}"


def _component_line(component: Component) -> str:
    names = component.show or tuple(component.readings)[:4]
    values = "  ".join(f"{name} {component.readings[name].text}" for name in names if name in component.readings)
    why = f"  ({'; '.join(component.reasons)})" if component.reasons else ""
    return f"  {component.alias:<14.14} {component.health.word:<5} {values or 'nothing known'}{why}"


def _document(session: Session, topology: Topology) -> str:
    now = session.clock.now()
    document = {
        "schema": SCHEMA,
        "environment": session.environment.name,
        "at": topology.at,
        "health": topology.health.name.lower(),
        "sources": {source.name: _source_document(source, now) for source in topology.sources.values()},
        "components": [_component_document(component) for component in topology.components],
        "pressure": None if topology.pressure is None else msgspec.to_builtins(topology.pressure),
        "forecasts": msgspec.to_builtins(topology.forecasts),
    }
    return msgspec.json.encode(document).decode()


def _source_document(source: Source, now: float) -> dict[str, object]:
    failure = source.failure
    return {
        "age": source.age(now),
        "failure": None
        if failure is None
        else {"kind": failure.kind, "reason": failure.reason, "advice": failure.advice},
        "problems": [] if source.snapshot is None else list(source.snapshot.problems),
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
        "signals": {name: _reading_document(reading) for name, reading in component.readings.items()},
        "facts": {fact.name: fact.value for fact in component.facts.values()},
    }


def _reading_document(reading: Reading) -> dict[str, object]:
    return {
        "value": reading.value,
        "unit": reading.unit.value,
        "at": reading.at,
        "source": reading.source,
        "health": reading.health.name.lower(),
        "stale": reading.stale,
        "note": reading.note,
    }
