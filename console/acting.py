"""What the screen needs of the playbook engine: what can be run, a plan to approve, a run to watch.

A port, so that panels draw values and know neither YAML nor journals nor processes, and so that a test can
act with a small engine of its own. The real one is in ``console.engine``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from console.model.topology import Topology


class Refused(Exception):
    """Nothing was done, and why, in one line for a person."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One typed parameter of a playbook. ``default`` is as a person would type it; ``bounds`` is for reading."""

    name: str
    default: str
    bounds: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """A playbook as the menu shows it. ``key`` is its letter; ``because`` is why it is suggested now, or ""."""

    name: str
    title: str
    key: str
    parameters: tuple[Parameter, ...] = ()
    because: str = ""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A plan to approve. ``token`` is the engine's own value; ``changes`` 0 means that there is nothing to do."""

    title: str
    lines: tuple[str, ...]
    changes: int
    token: object
    undoes: str = ""  # the run that it takes back; "" for a playbook


class Mood(StrEnum):
    """How one event of a run reads: not decided yet, nothing to see, good, not known, bad."""

    WAITING = "waiting"
    QUIET = "quiet"
    GOOD = "good"
    UNSURE = "unsure"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened in a run: ``at`` is wall seconds, ``text`` one line of data."""

    at: float
    text: str
    mood: Mood = Mood.QUIET


@dataclass(frozen=True, slots=True)
class Progress:
    """A run as its journal tells it. ``code`` is the exit code once it has ended; None while it goes on."""

    run: str
    title: str
    phase: str
    started: float  # wall seconds
    happened: tuple[Happening, ...] = ()
    next: str = ""
    code: int | None = None
    result: str = ""  # one line, once it has ended


class Acting(Protocol):
    """Every call but ``start`` is quick and local: it reads a journal or computes. None writes to the estate."""

    def problems(self) -> tuple[str, ...]:
        """Playbooks that could not be read, one line each."""
        ...

    def offers(self, topology: Topology) -> tuple[Offer, ...]:
        """The playbooks there are, with those that their conditions suggest now marked so."""
        ...

    def prepare(self, name: str, given: Mapping[str, str], topology: Topology) -> Prepared:
        """The plan of a playbook with these parameters. Raises ``Refused`` for a bad parameter or a limit."""
        ...

    def prepare_undo(self, topology: Topology) -> Prepared:
        """The plan that takes the last run back. Raises ``Refused`` when there is none or a value has drifted."""
        ...

    async def start(self, prepared: Prepared) -> str:
        """Hand an approved plan to a runner of its own; the run's id. Raises ``Refused``."""
        ...

    def progress(self, run: str) -> Progress:
        """What the journal says by now."""
        ...

    def stop(self, run: str) -> None:
        """Ask the runner to stop. It finishes the write it is in."""
        ...
