"""Planning, asking, handing over to a runner and following it: the verbs that may change the estate."""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import dataclass

import click

from console.cli import playbook_report as report
from console.clock import SystemClock
from console.config import Environment
from console.engine import own_directories
from console.session import Session
from playbooks import launch, library
from playbooks.exits import Exit, Refused
from playbooks.journal import Entry, Event, Follower, being_written, path_of, read, written
from playbooks.launch import Launched
from playbooks.plan import Plan, plan
from playbooks.playbook import Params, Playbook, SignalCheck
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
    session = Session(environment, SystemClock(environment.speed))
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
    if being_written(path_of(environment.state, run_id)):
        raise Refused(Exit.LOCKED, f"{run_id}: its runner is still at work; stop it first")
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
    session = Session(environment, SystemClock(environment.speed))
    try:
        topology = await session.read_now()
        return undo_plan(run_id, topology, environment.name, time.time(), written(entries), _guard(run_id))
    finally:
        await session.stop()


def _guard(run_id: str) -> SignalCheck | None:
    """The guard of the run's playbook, where that is still in the library."""
    name = name_of_run(run_id)
    return library.find(name, own_directories()).guard if name in library.files(own_directories()) else None


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
    launched = launch.start(environment, made, asked.undo_on_stop)
    if asked.detach:
        _result(launched, Exit.OK, (), asked.as_json)
        return Exit.OK
    return _Following(environment, launched, follower or Follower(launched.journal)).until_ended(asked.as_json)


class _Following:
    """Tells what the journal says until the runner has ended; the runner does not depend on it."""

    def __init__(self, environment: Environment, launched: Launched, follower: Follower) -> None:
        self._environment = environment
        self._launched = launched
        self._follower = follower
        self._seen: list[Entry] = []
        self._interrupted: float | None = None

    def until_ended(self, as_json: bool) -> Exit:
        while self._launched.process.poll() is None:
            try:
                self._tell()
                time.sleep(LOOK)
            except KeyboardInterrupt:
                if self._leave():
                    return Exit.KILLED
        self._tell()
        code = self._code()
        _result(self._launched, code, tuple(self._seen), as_json)
        return code

    def _tell(self) -> None:
        for entry in self._follower.new():
            self._seen.append(entry)
            click.echo(entry_line(entry), err=True)

    def _leave(self) -> bool:
        """The first Ctrl-C asks the runner to stop; the second within 5 s leaves, saying how to undo."""
        now = time.monotonic()
        again = self._interrupted is not None and now - self._interrupted < AGAIN
        self._interrupted = now
        if not again:
            launch.stop(self._environment, self._launched.run)
            click.echo("asked to stop; Ctrl-C again leaves at once", err=True)
            return False
        self._wait_a_little()
        click.echo(f"left; to undo: {undo_command(self._environment, self._launched.run)}", err=True)
        return True

    def _wait_a_little(self) -> None:
        ends = time.monotonic() + LAST
        while self._launched.process.poll() is None and time.monotonic() < ends:
            time.sleep(LOOK)

    def _code(self) -> Exit:
        if self._seen and self._seen[-1].event is Event.END and self._seen[-1].exit is not None:
            return Exit(self._seen[-1].exit)
        code = self._launched.process.returncode
        if not self._seen and code in list(Exit):
            click.echo(f"see {self._launched.journal.with_suffix('.log')}", err=True)
            return Exit(code)
        return Exit.INTERRUPTED


def undo_command(environment: Environment, run_id: str) -> str:
    """What to type to take a run back."""
    return f"seawall --config {environment.path} --environment {environment.name} playbook undo {run_id}"


def _result(launched: Launched, code: Exit, entries: tuple[Entry, ...], as_json: bool) -> None:
    if as_json:
        report.document(
            "run",
            run=launched.run,
            journal=str(launched.journal),
            exit=int(code),
            result=code.words,
            events=len(entries),
        )
        return
    click.echo(launched.run if not entries else f"{launched.run}: {code.words}")
