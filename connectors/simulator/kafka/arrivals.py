"""Readers that wait for records: each looks again when something has come, and once more when its time is up."""

from __future__ import annotations

from collections.abc import Callable

from connectors.simulator.kafka.later import Alarm
from connectors.simulator.kafka.roster import Deadline

Look = Callable[[bool], bool]
"""Whether it has found what it waited for; the argument says that this is its last look."""


class Arrivals:
    def __init__(self, alarm: Alarm) -> None:
        self._alarm = alarm
        self._waiting: dict[int, tuple[Deadline, Look]] = {}
        self._count = 0

    def wait(self, seconds: float, look: Look) -> None:
        """``look`` is called at each arrival until it has found something, and after so many wall seconds."""
        self._count += 1
        number, deadline = self._count, Deadline(self._alarm)
        self._waiting[number] = deadline, look
        deadline.put(seconds, lambda: self._give_up(number))

    def ring(self) -> None:
        """Something has come."""
        for number, (deadline, look) in list(self._waiting.items()):
            if look(False):
                deadline.clear()
                del self._waiting[number]

    def _give_up(self, number: int) -> None:
        _, look = self._waiting.pop(number)
        look(True)
