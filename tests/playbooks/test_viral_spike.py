"""The crisis over the wires, without a screen: untouched it stays down; the playbook ends it, and undo takes it back.

Two shops run side by side, 30 simulated seconds a second: one is left alone, in the other ``viral-spike`` is run by
its own process 90 s after the fault.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

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
STARTED = 150.0  # the fault is at 60
END = 900.0


@pytest.mark.timeout(120)
async def test_the_playbook_ends_the_crisis_and_undo_takes_it_back(tmp_path: Path) -> None:
    left, helped = tmp_path / "left", tmp_path / "helped"
    left.mkdir()
    helped.mkdir()
    with shop(left, "viral-spike", SPEED) as alone, shop(helped, "viral-spike", SPEED) as ours:
        before = ours.facts()
        worst, (code, success) = await asyncio.gather(watched(alone), rescued(ours))
        assert worst < 0.7
        assert code in (Exit.OK, Exit.UNPROVEN)
        assert success > 0.95
        assert ours.facts() != before
        assert await undone(ours) == Exit.OK
        assert ours.facts() == before


async def watched(alone: Shop) -> float:
    """The worst success of the shop that nobody helps."""
    environment = alone.environment
    prometheus = {"prometheus": environment.connectors["prometheus"]}
    session = Session(replace(environment, connectors=prometheus), SystemClock(SPEED))
    worst = 1.0
    try:
        while alone.seconds < END:
            worst = min(worst, success(await session.read_now()))
            await asyncio.sleep(1.0)
    finally:
        await session.stop()
    return worst


async def rescued(ours: Shop) -> tuple[int | None, float]:
    """How the run ended, and the success at the end of the fifteen minutes."""
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
        return found.exit, success(session.topology)
    finally:
        await session.stop()


def success(topology: Topology) -> float:
    """The share of users' requests that are answered well; 1 while it is not known."""
    reading = topology.reading("users.success")
    return 1.0 if reading is None or reading.value is None else reading.value


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
