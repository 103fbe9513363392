"""The playbook engine as the screen uses it: plans from the topology on the screen, runs told by their journals.

Nothing here writes to the estate. An approved plan goes to a runner, a process of its own that outlives this one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from console.acting import Happening, Mood, Offer, Parameter, Prepared, Progress, Refused
from console.config import Environment
from console.model.topology import Topology
from playbooks import exits, launch, library
from playbooks.check import Passed, evaluate, suggested, words
from playbooks.exits import Exit
from playbooks.journal import Entry, Event, Follower, is_run, path_of, read, runs, written
from playbooks.launch import Launched
from playbooks.plan import Plan, plan
from playbooks.playbook import Param, Playbook, SignalCheck, bind
from playbooks.text import happened, plan_lines
from playbooks.undo import name_of_run, undo_plan
from playbooks.values import show

QUIET = (Event.INTENT, Event.UNDO_INTENT)  # each is followed by its outcome
MOODS = {
    "waiting": Mood.WAITING,
    "passed": Mood.GOOD,
    "verified": Mood.GOOD,
    "failed": Mood.BAD,
    "rejected": Mood.BAD,
    "inconclusive": Mood.UNSURE,
    "unknown": Mood.UNSURE,
}


@dataclass(slots=True)
class _Run:
    """A run that this console started, and what its journal has said since."""

    plan: Plan
    launched: Launched
    follower: Follower
    started: float
    entries: list[Entry] = field(default_factory=list)


class Engine:
    """``Acting`` for one environment. Playbooks are read once, when it is made."""

    def __init__(self, environment: Environment, directories: Iterable[Path] = ()) -> None:
        self._environment = environment
        self._playbooks, self._problems = library.load_all(directories)
        self._runs: dict[str, _Run] = {}

    def problems(self) -> tuple[str, ...]:
        return self._problems

    def offers(self, topology: Topology) -> tuple[Offer, ...]:
        return tuple(_offer(playbook, topology) for playbook in self._playbooks)

    def prepare(self, name: str, given: Mapping[str, str], topology: Topology) -> Prepared:
        try:
            playbook = self._playbook(name)
            made = plan(playbook, bind(playbook, given), topology, self._environment.name, time.time())
        except exits.Refused as refused:
            raise Refused(refused.reason) from refused
        return _prepared(made)

    def prepare_undo(self, topology: Topology) -> Prepared:
        run = self._last(topology)
        try:
            path = path_of(self._environment.state, run)
            entries = read(path).entries if path.exists() else ()
            guard = next((each.guard for each in self._playbooks if each.name == name_of_run(run)), None)
            made = undo_plan(run, topology, self._environment.name, time.time(), written(entries), guard)
        except exits.Refused as refused:
            raise Refused(refused.reason) from refused
        return _prepared(made)

    async def start(self, prepared: Prepared) -> str:
        made = prepared.token
        if not isinstance(made, Plan):
            raise Refused("this plan was not made here")
        follower = Follower(path_of(self._environment.state, made.run)) if made.run else None
        if follower is not None:
            follower.new()  # what the run itself wrote is not news to its undo
        try:
            launched = await asyncio.to_thread(launch.start, self._environment, made)
        except exits.Refused as refused:
            raise Refused(refused.reason) from refused
        self._runs[launched.run] = _Run(made, launched, follower or Follower(launched.journal), time.time())
        return launched.run

    def progress(self, run: str) -> Progress:
        """Raises KeyError for a run that was not started here."""
        known = self._runs[run]
        code = known.launched.process.poll()  # before the journal: what it wrote last is then read
        try:
            known.entries += known.follower.new()
        except exits.Refused as refused:
            return _told(known, code, (Happening(time.time(), refused.reason, Mood.BAD),))
        return _told(known, code)

    def stop(self, run: str) -> None:
        launch.stop_ours(self._environment, self._runs[run].launched)

    def _playbook(self, name: str) -> Playbook:
        found = next((each for each in self._playbooks if each.name == name), None)
        if found is None:
            raise Refused(f"no playbook {name}")
        return found

    def _last(self, topology: Topology) -> str:
        """The latest run with something in force, by the marks (of which anybody may write); else by the journals."""
        standing = sorted({each.mark.run for each in topology.in_force if is_run(each.mark.run)})
        known = standing or list(runs(self._environment.state))
        if not known:
            raise Refused("nothing to undo: no run is known here, and nothing is in force")
        return known[-1]


def _offer(playbook: Playbook, topology: Topology) -> Offer:
    parameters = tuple(Parameter(each.name, _default(each), _bounds(each)) for each in playbook.params)
    because = ""
    if suggested(playbook, topology):
        holds = [each for each in playbook.suggest.conditions if _holds(each, topology)]
        because = ", ".join(words(each, topology) for each in holds)
    return Offer(playbook.name, playbook.title, playbook.key, parameters, because)


def _holds(condition: SignalCheck, topology: Topology) -> bool:
    return isinstance(evaluate(condition, topology, 0.0, topology.at), Passed)


def _default(param: Param) -> str:
    return "" if param.default is None else show(param.default, param.kind.want)


def _bounds(param: Param) -> str:
    return f"{param.kind.value} {param.bounds}".rstrip()


def _prepared(made: Plan) -> Prepared:
    title = f"undo {made.run}" if made.run else made.name
    return Prepared(title, plan_lines(made), len(made.changes), made, made.run)


def _told(known: _Run, code: int | None, trouble: tuple[Happening, ...] = ()) -> Progress:
    """``trouble``: why the journal could not be read this time."""
    phase = next((each.phase for each in reversed(known.entries) if each.phase is not None), None)
    ended = next((each for each in reversed(known.entries) if each.event is Event.END), None)
    code = ended.exit if ended is not None else code
    return Progress(
        run=known.launched.run,
        title=f"undo {known.plan.name}" if known.plan.run else known.plan.name,
        phase="starting" if phase is None else phase.value,
        started=known.started,
        happened=(*(_happening(each) for each in known.entries if each.event not in QUIET), *trouble),
        next="" if code is not None else _next(known),
        code=code,
        result="" if code is None else _result(code, ended is None, known.launched),
    )


def _happening(entry: Entry) -> Happening:
    """The entry's own words; its time of day is drawn by the panel, in UTC."""
    mood = MOODS.get(entry.outcome, Mood.QUIET)
    if entry.event is Event.END:
        mood = {Exit.OK: Mood.GOOD, Exit.UNPROVEN: Mood.UNSURE}.get(Exit(entry.exit or 0), Mood.BAD)
    return Happening(entry.time, happened(entry), mood)


def _next(known: _Run) -> str:
    """The first step that has not begun yet."""
    begun = {each.step for each in known.entries}
    ahead = next((step for step in known.plan.steps if step.id not in begun), None)
    if ahead is None:
        return "" if known.plan.run else "whether the estate steadies"
    return f"{ahead.id}: {ahead.action} {ahead.target}"


def _result(code: int, silent: bool, launched: Launched) -> str:
    said = Exit(code).words if code in list(Exit) else f"the runner ended with {code}"
    return f"{said}; see {launched.journal.with_suffix('.log')}" if silent else said
