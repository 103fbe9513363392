"""One look at the estate, for the verbs that print what they see and go."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from console.config import Environment
    from console.model.topology import Topology
    from console.session import Session

APART = 1.0  # wall seconds, at the most, between the two readings of a single look


def session_of(environment: Environment) -> Session:
    """A session that nobody has started yet."""
    from console.clock import clock_of
    from console.session import Session

    return Session(environment, clock_of(environment.speed, environment.pace))


def at_once(environment: Environment) -> Environment:
    """The environment with rules that do not wait: two readings have no past to look back on."""
    rules = tuple(replace(rule, hold=0.0) for rule in environment.layout.rules)
    return replace(environment, layout=replace(environment.layout, rules=rules))


async def read_twice(session: Session) -> Topology:
    """Two readings, because a rate needs two."""
    await session.read_now()
    await asyncio.sleep(min(APART, session.environment.interval))
    return await session.read_now()
