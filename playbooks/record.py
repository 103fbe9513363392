"""A run's journal with its phase and the time: what the runner writes through."""

from __future__ import annotations

from collections.abc import Callable

from playbooks.journal import Entry, Event, Journal
from playbooks.phase import Phase, move


class Record:
    """Every event of one run goes through here; an illegal phase never reaches the disk."""

    def __init__(self, journal: Journal, wall: Callable[[], float], phase: Phase = Phase.PLANNED) -> None:
        self.run = journal.run
        self.phase = phase
        self._journal = journal
        self._wall = wall

    def note(self, event: Event, **fields: object) -> Entry:
        """Durable when it returns; JournalError when it cannot be."""
        return self._journal.append(event, self._wall(), **fields)

    def enter(self, phase: Phase, reason: str = "") -> None:
        """Moves to ``phase`` (again: nothing), if the table allows it."""
        if phase is not self.phase:
            self.phase = move(self.phase, phase)
            self.note(Event.PHASE, phase=phase, reason=reason)
