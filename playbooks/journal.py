"""What was intended and what happened, in order: one JSON line an event, appended and fsynced, hash-chained.

Each line carries the hash of the line before, so that a line cannot be changed or lost in the middle unseen. A
torn last line (the machine died while writing) is dropped by every reader, reported, and cut off by the next
writer. The writer holds a lock on the file for as long as it lives, which is how others know that it does.
Nothing in here is ever a secret: only facts, values and reasons.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self

import msgspec

from console.model.change import Change, FactValue
from playbooks import lines
from playbooks.exits import Exit, Refused
from playbooks.phase import Phase

VERSION = 1
LONGEST = 100  # characters of a run's id: its files' names must fit a disk
START = "0" * 64  # what the first line carries


class Event(StrEnum):
    RUN = "run"  # a run begins: what was approved, and by whom
    UNDO = "undo"  # an undo begins
    PHASE = "phase"
    INTENT = "intent"  # about to write; durable before the write
    OUTCOME = "outcome"  # what came of it
    PROBE = "probe"  # what was found where the outcome was not known
    UNDO_INTENT = "undo intent"
    UNDO_OUTCOME = "undo outcome"
    CHECK = "check"
    STEP = "step"
    NOTE = "note"
    STOP = "stop"  # asked to stop
    END = "end"


GONE = {(Event.OUTCOME, "rejected"), (Event.UNDO_OUTCOME, "done")}
"""What ends a change's standing: it never was written, or it was taken back."""


class Entry(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One line. Times are wall seconds since the epoch; ``duration`` is wall seconds."""

    run: str
    seq: int
    time: float
    event: Event
    version: int = VERSION
    step: str = ""
    action: str = ""
    target: str = ""
    fact: str = ""
    uid: str = ""  # identity of the target's system
    change: int = 0  # the change's own number within the run
    before: FactValue = None
    after: FactValue = None
    etag: str = ""
    outcome: str = ""
    until: float | None = None
    reason: str = ""
    actor: str = ""
    fence: int = 0
    plan: str = ""  # hash
    playbook: str = ""  # hash
    title: str = ""
    phase: Phase | None = None
    exit: int | None = None
    duration: float | None = None
    previous: str = START


class JournalError(Refused):
    """The journal cannot be written or read: no durable intent, no action."""

    def __init__(self, reason: str) -> None:
        super().__init__(Exit.UNREACHABLE, reason)


@dataclass(frozen=True, slots=True)
class Read:
    """A journal as read. ``torn``: its last line was incomplete and was dropped. ``broken``: why its chain is."""

    entries: tuple[Entry, ...]
    torn: bool = False
    broken: str = ""

    @property
    def phase(self) -> Phase:
        return next((each.phase for each in reversed(self.entries) if each.phase is not None), Phase.PLANNED)

    @property
    def exit(self) -> int | None:
        """How the last run or undo ended; None while it goes on, or when it was interrupted."""
        return self.entries[-1].exit if self.entries and self.entries[-1].event is Event.END else None


NOTHING = Read(())
"""A journal that is not there."""


class Journal:
    """The one writer of a run's journal. ``append`` returns once the line is on the disk."""

    def __init__(self, path: Path, descriptor: int, run: str, last: str, seq: int, torn: bool) -> None:
        self.path = path
        self.run = run
        self.torn = torn  # a torn last line was there, and was cut off
        self._descriptor = descriptor
        self._last = last
        self._seq = seq

    @classmethod
    def open(cls, path: Path, run: str) -> Self:
        """Makes the journal, or goes on with it behind its last whole line. JournalError when it cannot be.

        Refused 13 when another process is writing it.
        """
        try:
            descriptor = lines.open_file(path)
        except OSError as error:
            raise JournalError(f"{path}: {error.strerror}") from error
        try:
            lines.lock(descriptor)
            whole, torn = lines.cut(descriptor)
        except BlockingIOError as error:
            os.close(descriptor)
            raise Refused(Exit.LOCKED, f"{run}: its runner is still at work; stop it first") from error
        except OSError as error:
            os.close(descriptor)
            raise JournalError(f"{path}: {error.strerror}") from error
        return cls(path, descriptor, run, _hash(whole[-1]) if whole else START, len(whole), torn)

    def append(self, event: Event, at: float, **fields: object) -> Entry:
        """One more line, fsynced. JournalError when the disk is full or gone: then nothing may be done."""
        values = {"run": self.run, "seq": self._seq + 1, "time": at, "event": event, "previous": self._last}
        entry = msgspec.convert({**values, **fields}, Entry)
        line = msgspec.json.encode(entry)
        try:
            lines.write(self._descriptor, line + b"\n")
        except OSError as error:
            raise JournalError(f"{self.path}: {error.strerror}") from error
        self._last, self._seq = _hash(line), self._seq + 1
        return entry

    def close(self) -> None:
        """Lets go of the file and its lock."""
        os.close(self._descriptor)


class Follower:
    """Reads what has been appended since it last looked. Any number may follow one journal."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset = 0

    def new(self) -> tuple[Entry, ...]:
        """The whole lines that are new; none while there is no journal yet. JournalError for a line that is none."""
        try:
            with self.path.open("rb") as file:
                file.seek(self._offset)
                text = file.read()
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise JournalError(f"{self.path}: {error.strerror}") from error
        whole = text[: text.rfind(b"\n") + 1]
        self._offset += len(whole)
        return tuple(_decode(line, self.path) for line in whole.splitlines())


def read(path: Path) -> Read:
    """The whole journal, and whether its chain holds. JournalError when there is none."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise JournalError(f"{path}: {error.strerror}") from error
    whole, torn = lines.split(text)
    entries = tuple(_decode(line, path) for line in whole)
    return Read(entries, torn, _break(whole, entries))


def being_written(path: Path) -> bool:
    """Whether a runner is at work on this journal. JournalError when that cannot be told."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise JournalError(f"{path}: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def refuse_at_work(path: Path) -> None:
    """Refused 13, naming who is at it, while a runner is at work on this journal."""
    if not being_written(path):
        return
    actors = [entry.actor for entry in read(path).entries if entry.actor]
    who = f" ({actors[-1]})" if actors else ""
    raise Refused(Exit.LOCKED, f"{path.stem}: its runner{who} is still at work; stop it first")


def is_run(run: str) -> bool:
    """Whether this can be the id of a run: letters, digits, ``-`` and ``_`` only, and short enough for a file."""
    return 0 < len(run) <= LONGEST and all(each.isalnum() or each in "-_" for each in run)


def path_of(state: Path, run: str) -> Path:
    """Where a run's journal lies; Refused for a name that is none, before it becomes a path."""
    if not is_run(run):
        raise Refused(Exit.USAGE, f"{run!r} is not the id of a run")
    return state / f"{run}.jsonl"


def runs(state: Path) -> tuple[str, ...]:
    """The ids of all runs with a journal, oldest first."""
    return tuple(sorted(path.stem for path in state.glob("*.jsonl")))


def written(entries: Iterable[Entry]) -> tuple[Change, ...]:
    """The changes that stand or may stand by this journal: intended, not rejected, not undone since."""
    standing: dict[int, Change] = {}
    for entry in entries:
        if entry.event is Event.INTENT:
            standing[entry.change] = _change(entry)
        elif (entry.event, entry.outcome) in GONE:
            standing.pop(entry.change, None)
    return tuple(standing.values())


def _change(entry: Entry) -> Change:
    return Change(entry.target, entry.fact, entry.before, entry.after, step=entry.step, seq=entry.change)


def _hash(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()


def _decode(line: bytes, path: Path) -> Entry:
    try:
        return msgspec.json.decode(line, type=Entry)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise JournalError(
            f"{path}: a line is not an entry ({error}); move the file away: undo works from the marks"
        ) from error


def _break(whole: tuple[bytes, ...], entries: tuple[Entry, ...]) -> str:
    expected = START
    for number, (line, entry) in enumerate(zip(whole, entries, strict=True), 1):
        if entry.previous != expected or entry.seq != number:
            return f"line {number} does not follow the line before it"
        expected = _hash(line)
    return ""
