"""The flag document: one hash, a JSON document a field, and beside each field the marks of who changed it. Pure.

A document carries its own end, so that the application stops obeying it even when everything of ours is dead:
``{"on": true, "until": 1800000000, "run": "…", "else": false}``. After ``until`` the application uses ``else``.
The sibling field ``mark:<fact>`` lists the marks, oldest first; each keeps the exact text it replaced, so that undo
gives back bytes, not an equivalent.

The write itself compares the bytes that were read here (``script.py``); so everything that is judged here is true
at the moment of the write, and JSON is never parsed, rounded or re-written inside the server.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from connectors.failure import one_line
from console.model.change import Applied, Change, Fact, FactValue, Mark, Outcome, Probed, RunContext, Verdict

MARK = "mark:"
PREFIXES = ("flag.", "ttl.", "rate.")
MOST = 1_000  # facts of one document
LONGEST = 200  # characters of a fact's name; a longer one is nobody's flag
WELL_KNOWN = ("rate.user",)  # facts that may be set although nothing is there yet: shown as absent


class Unreadable(Exception):
    """A field holds something that is not what it should be; nothing is written over it."""


@dataclass(frozen=True, slots=True)
class Held:
    """A fact's two fields, byte for byte; None: the field is not there."""

    document: bytes | None
    marks: bytes | None


class _Switch(msgspec.Struct, kw_only=True):
    on: bool
    until: float | None = None
    run: str | None = None
    otherwise: bool | None = msgspec.field(name="else", default=None)


class _Number(msgspec.Struct, kw_only=True):
    value: int | float | None
    until: float | None = None
    run: str | None = None
    otherwise: int | float | None = msgspec.field(name="else", default=None)


class _Mark(msgspec.Struct, kw_only=True):
    run: str
    step: str
    seq: int
    before: FactValue
    after: FactValue
    until: float | None
    reason: str
    actor: str
    raw: str | None

    def public(self) -> Mark:
        return Mark(self.run, self.step, self.before, self.after, self.until, self.reason, self.actor, self.seq)


@dataclass(frozen=True, slots=True)
class _State:
    """What ``Held`` means. ``ours``: the document is, to the byte, what the top mark says was written."""

    name: str
    value: FactValue  # in force now
    writer: str
    marks: tuple[_Mark, ...]
    ours: bool

    def mark_of(self, change: Change, run: RunContext) -> _Mark | None:
        return next((mark for mark in self.marks if (mark.run, mark.step) == (run.run, change.step)), None)

    def on_top(self, mark: _Mark) -> bool:
        return mark is self.marks[-1]


def fields_of(fact: str) -> tuple[str, str]:
    """The names of the document's and of the marks' field."""
    return fact, MARK + fact


def facts_of(fields: Mapping[bytes, bytes], wall: float) -> tuple[tuple[Fact, ...], tuple[str, ...]]:
    """Every fact of the hash as it is in force at ``wall`` (epoch seconds), and a line a field that is unreadable."""
    facts: list[Fact] = []
    names = _names(fields)
    problems = [f"{len(names) - MOST} flags more than {MOST} are left out"] if len(names) > MOST else []
    for name in names[:MOST]:
        held = Held(fields.get(name.encode()), fields.get((MARK + name).encode()))
        try:
            state = _state(name, held, wall)
        except Unreadable as error:
            problems.append(str(error))
            continue
        facts.append(Fact(name, state.value, marks=tuple(mark.public() for mark in state.marks)))
    return tuple(facts), tuple(problems)


def decide(change: Change, run: RunContext, held: Held, wall: float) -> Held | Applied:
    """What the fields are to hold after ``change``, or the answer where there is nothing to write."""
    problem = _unfit(change)
    if problem:
        return Applied(Outcome.REJECTED, problem)
    try:
        state = _state(change.fact, held, wall)
    except Unreadable as error:
        return Applied(Outcome.REJECTED, str(error))
    return _undone(change, run, state) if change.undoes else _applied(change, run, held, state)


def judge(change: Change, run: RunContext, held: Held, wall: float) -> Probed:
    """Whose value the fields hold, seen from ``change``. Past its end a change is still ours until it is undone."""
    try:
        state = _state(change.fact, held, wall)
    except Unreadable as error:
        return Probed(Verdict.FOREIGN, None, str(error))
    mark = state.mark_of(change, run)
    if mark is None:
        return _judge_unmarked(change, state)
    if not (state.ours and state.on_top(mark)):
        return Probed(Verdict.SUPERSEDED, state.value, f"{_says(change.fact, state.value)}, set by {state.writer}")
    return Probed(Verdict.NOT_APPLIED if change.undoes else Verdict.OURS, state.value)


def _judge_unmarked(change: Change, state: _State) -> Probed:
    if same(state.value, change.after) and change.undoes:
        return Probed(Verdict.OURS, state.value, "undone: the mark is gone")
    if same(state.value, change.before) and not change.undoes:
        return Probed(Verdict.NOT_APPLIED, state.value)
    return Probed(Verdict.FOREIGN, state.value, f"{_says(change.fact, state.value)}, set by {state.writer}")


def same(one: FactValue, other: FactValue) -> bool:
    """Equal and of one kind: True is not 1, and absent is not 0."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _applied(change: Change, run: RunContext, held: Held, state: _State) -> Held | Applied:
    mine = state.mark_of(change, run)
    if mine is not None:
        if state.ours and state.on_top(mine) and same(mine.after, change.after):
            return Applied(Outcome.DONE, "already so, with this step's mark")
        return Applied(Outcome.REJECTED, f"{change.fact} has a mark of step {change.step}, under a later value")
    if not same(state.value, change.before):
        return Applied(
            Outcome.REJECTED,
            f"{_says(change.fact, state.value)}, not {shown(change.before)} as planned; set by {state.writer}",
        )
    mark = _Mark(
        run=run.run,
        step=change.step,
        seq=change.seq,
        before=change.before,
        after=change.after,
        until=run.until,
        reason=change.reason or run.reason,
        actor=run.actor,
        raw=None if held.document is None else held.document.decode(),
    )
    return Held(_written(change.fact, mark), msgspec.json.encode((*state.marks, mark)))


def _undone(change: Change, run: RunContext, state: _State) -> Held | Applied:
    mark = state.mark_of(change, run)
    if mark is None:
        return Applied(Outcome.REJECTED, f"{change.fact} has no mark of step {change.step}: nothing to undo")
    if not state.on_top(mark):
        top = state.marks[-1]
        return Applied(Outcome.REJECTED, f"{change.fact} was changed again by run {top.run}: that is undone first")
    if not state.ours or not same(mark.after, change.before):
        wanted = change.before if state.ours else mark.after
        return Applied(
            Outcome.REJECTED, f"{_says(change.fact, state.value)}, not {shown(wanted)} any more; set by {state.writer}"
        )
    remaining = state.marks[:-1]
    return Held(None if mark.raw is None else mark.raw.encode(), msgspec.json.encode(remaining) if remaining else None)


def _state(name: str, held: Held, wall: float) -> _State:
    marks = _marks(name, held.marks)
    ours = bool(marks) and held.document == _written(name, marks[-1])
    if held.document is None:
        return _State(name, None, _writer(marks, ours, None), marks, ours)
    document = _document(name, held.document)
    ended = document.until is not None and document.until <= wall
    value = document.otherwise if ended else document.on if isinstance(document, _Switch) else document.value
    return _State(name, value, _writer(marks, ours, document.run), marks, ours)


def _writer(marks: tuple[_Mark, ...], ours: bool, run: str | None) -> str:
    if ours:
        return f"run {marks[-1].run} of {marks[-1].actor or 'nobody named'}"
    return f"run {one_line(run)}" if run else "someone outside Seawall"


def _document(name: str, raw: bytes) -> _Switch | _Number:
    try:
        raw.decode()  # msgspec does not look into the strings that it skips, and a mark keeps the document as text
        if name.startswith("flag."):
            return msgspec.json.decode(raw, type=_Switch)
        return msgspec.json.decode(raw, type=_Number)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(f"{name}: not a flag document: {one_line(str(error))}") from error


def _marks(name: str, raw: bytes | None) -> tuple[_Mark, ...]:
    try:
        return () if raw is None else msgspec.json.decode(raw, type=tuple[_Mark, ...])
    except (msgspec.DecodeError, RecursionError) as error:
        raise Unreadable(f"{name}: its marks cannot be read: {one_line(str(error))}") from error


def _written(name: str, mark: _Mark) -> bytes | None:
    """The document that this mark's change put there. Byte for byte the same each time: undo compares it."""
    if mark.after is None:
        return None
    key = "on" if name.startswith("flag.") else "value"
    return msgspec.json.encode({key: mark.after, "until": mark.until, "run": mark.run, "else": mark.before})


def _unfit(change: Change) -> str:
    """Why this fact cannot have this value; empty when it can."""
    if not change.fact.startswith(PREFIXES):
        return f"{change.component} has no fact {change.fact}"
    for value in (change.before, change.after):
        if value is None:
            continue
        if change.fact.startswith("flag."):
            if not isinstance(value, bool):
                return f"{change.fact} is on or off, not {shown(value)}"
        elif isinstance(value, bool | str) or not math.isfinite(value) or value < 0:
            return f"{change.fact} is a number, not {shown(value)}"
    return ""


def _names(fields: Mapping[bytes, bytes]) -> tuple[str, ...]:
    """The facts that have a field or a mark, and those that may always be set, by name."""
    named = (field.decode("utf-8", "replace").removeprefix(MARK) for field in fields)
    return tuple(sorted({*WELL_KNOWN, *(name for name in named if _is_fact(name))}))


def _is_fact(name: str) -> bool:
    return name.startswith(PREFIXES) and len(name) <= LONGEST


def _says(name: str, value: FactValue) -> str:
    return f"{name} is {shown(value)}"


def shown(value: FactValue) -> str:
    """A fact's value as a person reads it."""
    if value is None:
        return "absent"
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else f"{value}"
