"""The runner's process: opens the journal before anything else, and lives until the run has ended."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

from console.clock import clock_of
from console.config import Environment
from console.session import Session
from playbooks.approval import Approval, load
from playbooks.execution import execute as execute_plan
from playbooks.exits import Exit, Refused
from playbooks.journal import Journal, Read, path_of, read
from playbooks.launch import actor, stop_file
from playbooks.ports import Ports
from playbooks.runner import Stop

LOOK = 0.2  # wall seconds between two looks for a stop request


def execute(environment: Environment, file: Path) -> Exit:
    """Does an approved plan. Refused 13 when another is at it, 16 when there can be no journal."""
    approval = load(file)
    if approval.environment != environment.name:
        raise Refused(Exit.USAGE, f"{file}: approved for {approval.environment}, not {environment.name}")
    path = path_of(environment.state, approval.run)
    journal = Journal.open(path, approval.run)
    try:
        return asyncio.run(_execute(environment, approval, journal, read(path)))
    finally:
        journal.close()
        stop_file(path).unlink(missing_ok=True)


async def _execute(environment: Environment, approval: Approval, journal: Journal, before: Read) -> Exit:
    clock = clock_of(environment.speed, environment.pace)
    session = Session(environment, clock)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    _look_for(stop_file(journal.path), stop, loop)
    ports = Ports(session, session.connector_for, clock, actor())
    try:
        await session.start()
        return await execute_plan(approval, journal, ports, Stop(stop, approval.undo_on_stop), before)
    finally:
        await session.stop()


def _look_for(request: Path, stop: asyncio.Event, loop: asyncio.AbstractEventLoop) -> None:
    """Sets ``stop`` once the request is there; looks again until then."""
    if request.exists():
        stop.set()
    else:
        loop.call_later(LOOK, _look_for, request, stop, loop)
