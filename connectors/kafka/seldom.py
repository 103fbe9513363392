"""What changes seldom and is asked for seldom: topics' settings, quotas, who controls the cluster.

Any broker knows all of it, so it costs one exchange with one of them now and then, after the reading's own rounds.
None of it is needed for a reading: where it may not be known it is left out, and `doctor` says what is missing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from connectors.failure import Failed
from connectors.kafka.seen import Quota, Standing, TopicConfig
from console.model.snapshot import FailureKind

if TYPE_CHECKING:
    from connectors.kafka.client import Client

T = TypeVar("T")

SETTINGS_EVERY, QUOTAS_EVERY, STANDING_EVERY = 300.0, 60.0, 15.0  # wall seconds
AGAIN = 15.0  # wall seconds after a failure
TOPICS_AT_ONCE = 500  # in one request; the rest at the next reading


@dataclass(frozen=True, slots=True)
class Told:
    """None: not told, for the reason that ``untold`` has under "settings", "quotas" or "standing"."""

    configs: Mapping[str, TopicConfig] = field(default_factory=dict)
    quotas: tuple[Quota, ...] | None = None
    standing: Standing | None = None
    untold: Mapping[str, str] = field(default_factory=dict)


class Seldom:
    """Written in a worker thread, one at a time; ``told`` is replaced as a whole and may be read from any."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._due: dict[str, float] = {}
        self._asked: dict[str, float] = {}  # of each topic's settings
        self.told = Told()

    def due(self, topics: Iterable[str]) -> bool:
        """Whether there is anything to ask."""
        return any(self._is_due(what) for what in ("quotas", "standing")) or (
            self._is_due("settings") and bool(self._stale(topics))
        )

    def ask(self, client: Client, broker: int, topics: Sequence[str], seconds: float) -> None:
        """Blocks. Raises Failed when the broker went silent; what is merely refused is noted."""
        until = time.monotonic() + seconds
        self._settings(client, broker, topics, until)
        self._quotas(client, broker, until)
        self._standing(client, broker, until)

    def _settings(self, client: Client, broker: int, topics: Sequence[str], until: float) -> None:
        stale = self._stale(topics)
        if not stale or not self._is_due("settings"):
            return
        found = self._tried("settings", 0.0, lambda: client.configs(broker, stale, _left(until)))
        now, wanted = self._now(), set(topics)
        self._asked = {name: at for name, at in self._asked.items() if name in wanted} | dict.fromkeys(stale, now)
        known = {name: config for name, config in self.told.configs.items() if name in wanted}
        self.told = replace(self.told, configs={**known, **(found or {})})

    def _quotas(self, client: Client, broker: int, until: float) -> None:
        if self._is_due("quotas"):
            found = self._tried("quotas", QUOTAS_EVERY, lambda: client.quotas(broker, _left(until)))
            self.told = replace(self.told, quotas=found)

    def _standing(self, client: Client, broker: int, until: float) -> None:
        if self._is_due("standing"):
            found = self._tried("standing", STANDING_EVERY, lambda: client.standing(broker, _left(until)))
            self.told = replace(self.told, standing=found)

    def _tried(self, what: str, every: float, job: Callable[[], T]) -> T | None:
        """The answer; None where it is refused. Raises Failed where there is none: nothing more is to be asked."""
        try:
            found = job()
        except Failed as failure:
            silent = failure.kind in (FailureKind.TIMED_OUT, FailureKind.REFUSED)
            self._due[what] = self._now() + (AGAIN if silent else SETTINGS_EVERY)
            self.told = replace(self.told, untold={**self.told.untold, what: failure.reason})
            if silent:
                raise
            return None
        self._due[what] = self._now() + every
        self.told = replace(self.told, untold={key: why for key, why in self.told.untold.items() if key != what})
        return found

    def _is_due(self, what: str) -> bool:
        return self._now() >= self._due.get(what, float("-inf"))

    def _stale(self, topics: Iterable[str]) -> list[str]:
        old = self._now() - SETTINGS_EVERY
        stale = (name for name in topics if self._asked.get(name, float("-inf")) <= old)
        return list(islice(stale, TOPICS_AT_ONCE))


def _left(until: float) -> float:
    return max(0.001, until - time.monotonic())
