"""One run on the small estate, as its own process would do it: approval, journal, runner."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from playbooks.approval import Approval, approve
from playbooks.execution import execute
from playbooks.exits import Exit
from playbooks.journal import Entry, Event, Journal, path_of, read, written
from playbooks.plan import Plan, plan
from playbooks.playbook import Playbook, bind
from playbooks.ports import Ports
from playbooks.runner import Stop
from playbooks.undo import undo_plan
from tests.playbooks.small_estate import SmallEstate

RUN = "20261122T140207Z-viral-spike-7f3a"


class KilledJournal(Journal):
    """A journal in whose ``append`` the process may die: before the line is written, and after."""

    step: Callable[[], None] = staticmethod(lambda: None)

    def append(self, event: Event, at: float, **fields: object) -> Entry:
        self.step()
        entry = super().append(event, at, **fields)
        self.step()
        return entry


def planned(estate: SmallEstate, playbook: Playbook, **given: str) -> Plan:
    return plan(playbook, bind(playbook, given), estate.look(estate.topology), "demo", estate.clock.wall())


async def run(estate: SmallEstate, playbook: Playbook, state: Path, stop: Stop | None = None, **given: str) -> Exit:
    return await do(estate, approve(planned(estate, playbook, **given), RUN), state, stop)


async def undo(estate: SmallEstate, state: Path, stop: Stop | None = None) -> Exit:
    """Plans the undo and does it; Refused as the plan refuses."""
    path = path_of(state, RUN)
    journaled = written(read(path).entries) if path.exists() else ()
    made = undo_plan(RUN, estate.look(estate.topology), "demo", estate.clock.wall(), journaled)
    return await do(estate, approve(made, RUN), state, stop)


async def do(estate: SmallEstate, approval: Approval, state: Path, stop: Stop | None = None) -> Exit:
    journal = KilledJournal.open(path_of(state, RUN), RUN)
    journal.step = lambda: estate.step()
    try:
        ports = Ports(estate, estate.target, estate.clock, "tester")
        before = read(journal.path)
        return await execute(approval, journal, ports, stop or Stop(asyncio.Event()), before)
    finally:
        journal.close()


def entries(state: Path) -> tuple[Entry, ...]:
    return read(path_of(state, RUN)).entries


def in_force(estate: SmallEstate) -> list[str]:
    return sorted(fact for (_, fact), marks in estate.marks.items() if marks)
