"""The crisis over the wires, without a screen: untouched it stays down; the playbook ends it, and undo takes it back.

Two shops run side by side, 30 simulated seconds a second: one is left alone, in the other ``viral-spike`` is run by
its own process 90 s after the fault.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from console.clock import SystemClock
from console.model.topology import Topology
from console.session import Session
from playbooks import launch
from playbooks.exits import Exit
from playbooks.journal import path_of, read, runs, written
from playbooks.library import find
from playbooks.plan import plan
from playbooks.playbook import bind
from playbooks.undo import undo_plan
from tests.playbooks.shop import Shop, shop

SPEED = 30.0
FAULT = 60.0
STARTED = FAULT + 90.0
END = FAULT + 900.0


@pytest.mark.timeout(120)
async def test_the_playbook_ends_the_crisis_and_undo_takes_it_back(tmp_path: Path) -> None:
    left, helped = tmp_path / "left", tmp_path / "helped"
    left.mkdir()
    helped.mkdir()
    with shop(left, "viral-spike", SPEED) as alone, shop(helped, "viral-spike", SPEED) as ours:
        before = ours.facts()
        worst, (code, best) = await asyncio.gather(watched(alone), rescued(ours))
        assert worst.everybody < 0.7
        assert worst.past_the_cdn < 0.7
        assert code in (Exit.OK, Exit.UNPROVEN)
        assert best.everybody > 0.95
        assert best.past_the_cdn > 0.95
        assert ours.facts() != before
        assert await undone(ours) == Exit.OK
        assert ours.facts() == before


class Success(NamedTuple):
    """Shares of requests that are answered well; the CDN's hits flatter the first."""

    everybody: float
    past_the_cdn: float


async def watched(alone: Shop) -> Success:
    """The worst success of the shop that nobody helps."""
    environment = alone.environment
    prometheus = {"prometheus": environment.connectors["prometheus"]}
    session = Session(replace(environment, connectors=prometheus), SystemClock(SPEED))
    worst = Success(1.0, 1.0)
    try:
        while alone.seconds < END:
            now = success(await session.read_now(), unknown=1.0)
            worst = Success(min(worst.everybody, now.everybody), min(worst.past_the_cdn, now.past_the_cdn))
            await asyncio.sleep(1.0)
    finally:
        await session.stop()
    return worst


async def rescued(ours: Shop) -> tuple[int | None, Success]:
    """How the run ended, and the success at the end of the fifteen minutes after the fault."""
    session = Session(ours.environment, SystemClock(SPEED))
    try:
        await session.read_now()
        await asyncio.sleep(max(0.0, STARTED - ours.seconds) / SPEED)
        playbook = find("viral-spike")
        made = plan(playbook, bind(playbook, {}), await session.read_now(), "demo", session.clock.wall())
        launched = launch.start(ours.environment, made)
        while ours.seconds < END or launched.process.poll() is None:
            await session.read_now()
            await asyncio.sleep(1.0)
        found = read(launched.journal)
        assert found.broken == ""
        return found.exit, success(session.topology, unknown=0.0)
    finally:
        await session.stop()


def success(topology: Topology, unknown: float) -> Success:
    readings = (topology.reading(name) for name in ("users.success", "gateway.success_origin"))
    return Success(*(unknown if each is None or each.value is None else each.value for each in readings))


async def undone(ours: Shop) -> int | None:
    """How the undo of the last run ended, by a runner of its own."""
    session = Session(ours.environment, SystemClock(SPEED))
    try:
        run = runs(ours.environment.state)[-1]
        path = path_of(ours.environment.state, run)
        journaled = written(read(path).entries)
        topology = await session.read_now()
        made = undo_plan(run, topology, "demo", session.clock.wall(), journaled)
        await asyncio.to_thread(launch.start(ours.environment, made).process.wait, 30)
        return read(path).exit
    finally:
        await session.stop()
