"""SIGKILL between any two lines of the journal, over the wires: undo restores the estate exactly, journal or not.

The runners are forked from a server that has imported everything, so that each of them costs a moment only.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
import time
from collections.abc import Iterator

import pytest

from console.clock import SystemClock
from console.model.topology import Topology
from console.session import Session
from playbooks.approval import approve, save
from playbooks.exits import Exit
from playbooks.journal import path_of, read, written
from playbooks.library import find
from playbooks.phase import Phase
from playbooks.plan import Plan, plan
from playbooks.playbook import bind
from playbooks.undo import undo_plan
from tests.playbooks import dying
from tests.playbooks.shop import Shop, shop

SPEED = 60.0
SPIKE = find("viral-spike")
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.playbooks.dying", "kubernetes.client", "redis.asyncio", "prometheus_api_client"])


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with shop(tmp_path_factory.mktemp("calm"), "calm", SPEED) as opened:
        yield opened


@pytest.mark.timeout(500)
@pytest.mark.parametrize("journal", [False, True], ids=["without journal", "with journal"])
def test_killed_after_every_line(calm: Shop, journal: bool) -> None:
    before = calm.facts()
    line, phase = 1, Phase.PLANNED
    while phase is not Phase.SOAKING:
        phase = killed_and_undone(calm, line, journal)
        assert calm.facts() == before, f"after line {line}"
        line += 1
    assert line > 40  # it has been through every write and every proof


def killed_and_undone(calm: Shop, line: int, journal: bool) -> Phase:
    """The phase that the run was in when it was killed after that line of its journal."""
    run = f"20261122T140207Z-viral-spike-{line:03d}{'a' if journal else 'b'}"
    path = path_of(calm.environment.state, run)
    assert done(calm, run, planned(calm), line) == -signal.SIGKILL
    found = read(path)
    assert len(found.entries) == line
    assert found.broken == ""
    if not journal:
        path.unlink()
    made = undo_plan(run, observed(calm), "demo", time.time(), written(found.entries) if journal else ())
    assert done(calm, run, made, 0) == Exit.OK
    return found.phase


def done(calm: Shop, run: str, made: Plan, line: int) -> int | None:
    file = calm.environment.state / f"{run}.{made.purpose}.json"
    save(approve(made, run), file)
    process = FORKS.Process(target=dying.run, args=(calm.config, file, line))
    process.start()
    process.join(40)
    return process.exitcode


def planned(calm: Shop) -> Plan:
    return plan(SPIKE, bind(SPIKE, {}), observed(calm), "demo", time.time())


def observed(calm: Shop) -> Topology:
    return asyncio.run(_observed(calm))


async def _observed(calm: Shop) -> Topology:
    session = Session(dying.quick(calm.config), SystemClock(SPEED))
    try:
        return await session.read_now()
    finally:
        await session.stop()
