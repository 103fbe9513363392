"""One look at the estate, or one after the other, for the verbs that print what they see."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from console.config import Environment
    from console.session import Session

APART = 1.0  # wall seconds, at the most, between the two readings of a single look

Report = Callable[["Session"], Awaitable[int]]
"""Prints what the session has seen, and says the exit code."""


def look(environment: Environment, report: Report, *, watch: bool) -> None:
    """Reports once, or once an interval until Ctrl-C, and ends the process with the report's code or 130."""
    try:
        sys.exit(asyncio.run(_watch(environment, report) if watch else _once(environment, report)))
    except KeyboardInterrupt:
        sys.exit(130)


async def _once(environment: Environment, report: Report) -> int:
    """After two readings, because a rate needs two."""
    session = _session_of(_without_patience(environment))
    try:
        await session.read_now()
        await asyncio.sleep(min(APART, environment.interval))
        await session.read_now()
        return await report(session)
    finally:
        await session.stop()


async def _watch(environment: Environment, report: Report) -> int:
    """Each source is read at its own pace; the first report waits until each has told something, or failed."""
    session = _session_of(environment)
    try:
        await session.start()
        while len(session.topology.sources) < len(session.connectors):
            await session.next()
        while True:
            session.look()
            await report(session)
            await asyncio.sleep(environment.interval)
    finally:
        await session.stop()


def _session_of(environment: Environment) -> Session:
    from console.clock import clock_of
    from console.session import Session

    return Session(environment, clock_of(environment.speed, environment.pace))


def _without_patience(environment: Environment) -> Environment:
    """With rules that do not wait: two readings have no past to look back on."""
    rules = tuple(replace(rule, hold=0.0) for rule in environment.layout.rules)
    return replace(environment, layout=replace(environment.layout, rules=rules))
