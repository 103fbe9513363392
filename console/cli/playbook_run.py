"""Planning, asking, handing over to a runner and following it: the verbs that may change the estate."""

from __future__ import annotations

import asyncio
import shlex
import signal
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from types import FrameType
from typing import Self

import click

from console.cli import playbook_report as report
from console.clock import clock_of
from console.config import Environment
from console.session import Session
from playbooks import launch, library
from playbooks.exits import Exit, Refused
from playbooks.journal import Entry, Event, Follower, path_of, read, refuse_at_work, written
from playbooks.launch import Launched
from playbooks.plan import Plan, plan
from playbooks.playbook import Params, Playbook
from playbooks.text import entry_line, plan_lines
from playbooks.undo import name_of_run, undo_plan

LOOK = 0.1  # wall seconds between two looks at the journal
AGAIN = 5.0  # wall seconds within which a second Ctrl-C means it
LAST = 2.0  # wall seconds that are waited for the outcome then


@dataclass(frozen=True, slots=True)
class Asked:
    """What the options say about how to run."""

    yes: bool
    approve: str | None
    confirm: str | None
    detach: bool
    undo_on_stop: bool
    as_json: bool


async def plan_now(environment: Environment, playbook: Playbook, params: Params) -> Plan:
    """The plan from a fresh reading of every source."""
    session = Session(environment, clock_of(environment.speed, environment.pace))
    try:
        topology = await session.read_now()
        return plan(playbook, params, topology, environment.name, time.time())
    finally:
        await session.stop()


def run(environment: Environment, playbook: Playbook, params: Params, asked: Asked) -> Exit:
    made = asyncio.run(plan_now(environment, playbook, params))
    if not made.changes:
        report.planned(made, asked.as_json)
        return Exit.OK
    _ask(made, environment, asked)
    code = _hand_over(made, environment, asked)
    if code is Exit.STALE:
        click.echo("the plan is now:", err=True)
        _narrate(asyncio.run(plan_now(environment, playbook, params)))
    return code


def undo(environment: Environment, run_id: str, asked: Asked) -> Exit:
    refuse_at_work(path_of(environment.state, run_id))
    made = asyncio.run(_undo_now(environment, run_id))
    if not made.changes:
        report.planned(made, asked.as_json)
        return Exit.OK
    _ask(made, environment, asked)
    return _hand_over(made, environment, asked)


def stop(environment: Environment, run_id: str) -> Exit:
    if not launch.stop(environment, run_id):
        click.echo(f"{run_id}: no runner is at work on it", err=True)
        return Exit.OK
    click.echo(f"{run_id}: asked to stop; it finishes the write it is in", err=True)
    return Exit.OK


async def _undo_now(environment: Environment, run_id: str) -> Plan:
    path = path_of(environment.state, run_id)
    entries = read(path).entries if path.exists() else ()
    session = Session(environment, clock_of(environment.speed, environment.pace))
    try:
        topology = await session.read_now()
        guard = library.guard_of(name_of_run(run_id), library.own_directories())
        return undo_plan(run_id, topology, environment.name, time.time(), written(entries), guard)
    finally:
        await session.stop()


def _ask(made: Plan, environment: Environment, asked: Asked) -> None:
    """Refused unless someone has said yes to this very plan; nothing has been touched."""
    _narrate(made)
    if asked.approve is not None and asked.approve != made.hash:
        raise Refused(Exit.STALE, f"the plan is {made.hash} now, not {asked.approve}")
    if environment.production and asked.confirm != environment.name:
        raise Refused(Exit.USAGE, f"{environment.name} is production: add --confirm {environment.name}")
    if asked.yes or asked.approve is not None:
        return
    if not sys.stdin.isatty():
        raise Refused(Exit.USAGE, "nobody to ask: add --yes, or --approve with the plan's hash")
    click.echo("Y to do it: ", err=True, nl=False)
    if sys.stdin.readline().strip() != "Y":
        raise Refused(Exit.CANCELLED_CLEAN, "not done")


def _narrate(made: Plan) -> None:
    for line in plan_lines(made):
        click.echo(line, err=True)


def _hand_over(made: Plan, environment: Environment, asked: Asked) -> Exit:
    follower = Follower(path_of(environment.state, made.run)) if made.run else None
    if follower is not None:
        follower.new()  # what the run itself wrote is not news
    with Presses() as presses:
        launched = launch.start(environment, made, asked.undo_on_stop)
        if not asked.detach:
            following = _Following(environment, launched, follower or Follower(launched.journal), presses)
            return following.until_ended(asked.as_json)
    if asked.as_json:
        _document(launched, Exit.OK, 0)
    else:
        click.echo(launched.run)
    return Exit.OK


class Presses:
    """Ctrl-C and SIGTERM from the moment that a runner may be at work: noted, so that none tears a call apart."""

    def __init__(self) -> None:
        self._new = 0
        self._last: float | None = None
        self._before = ExitStack()

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before.callback(signal.signal, number, signal.signal(number, self._note))
        return self

    def __exit__(self, *_: object) -> None:
        self._before.close()

    def take(self) -> int:
        """0: nothing new; 1: asked to stop; 2: asked again within 5 s."""
        new, self._new = self._new, 0
        if not new:
            return 0
        now, before = time.monotonic(), self._last
        self._last = now
        return 2 if new > 1 or (before is not None and now - before < AGAIN) else 1

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._new += 1


class _Following:
    """Tells what the journal says until the runner has ended; the runner does not depend on it."""

    def __init__(self, environment: Environment, launched: Launched, follower: Follower, presses: Presses) -> None:
        self._environment = environment
        self._launched = launched
        self._follower = follower
        self._presses = presses
        self._seen: list[Entry] = []

    def until_ended(self, as_json: bool) -> Exit:
        while self._launched.process.poll() is None:
            self._tell()
            presses = self._presses.take()
            if presses == 1:
                self._stop()
            elif presses:
                return self._leave()
            time.sleep(LOOK)
        self._tell()
        code = self._code()
        if as_json:
            _document(self._launched, code, len(self._seen))
        else:
            click.echo(f"{self._launched.run}: {code.words}")
        return code

    def _tell(self) -> None:
        for entry in self._follower.new():
            self._seen.append(entry)
            click.echo(entry_line(entry), err=True)

    def _stop(self) -> None:
        launch.stop_ours(self._environment, self._launched)
        click.echo("asked to stop; Ctrl-C again leaves at once", err=True)

    def _leave(self) -> Exit:
        """Waits a little for the outcome of the write in flight, then says how to undo."""
        launch.stop_ours(self._environment, self._launched)
        ends = time.monotonic() + LAST
        while self._launched.process.poll() is None and time.monotonic() < ends:
            time.sleep(LOOK)
        self._tell()
        click.echo(f"left; to undo: {undo_command(self._environment, self._launched.run)}", err=True)
        return Exit.KILLED

    def _code(self) -> Exit:
        if self._seen and self._seen[-1].event is Event.END and self._seen[-1].exit is not None:
            return Exit(self._seen[-1].exit)
        code = self._launched.process.returncode
        click.echo(f"no last word in its journal; see {self._launched.journal.with_suffix('.log')}", err=True)
        return Exit(code) if code in list(Exit) else Exit.INTERRUPTED


def undo_command(environment: Environment, run_id: str) -> str:
    """What to type to take a run back."""
    options = ["--config", str(environment.path.absolute()), "--environment", environment.name]
    return shlex.join(["seawall", *options, "playbook", "undo", run_id])


def _document(launched: Launched, code: Exit, events: int) -> None:
    report.document(
        "run", run=launched.run, journal=str(launched.journal), exit=int(code), result=code.words, events=events
    )
