"""A topic: its partitions' logs and what was set on it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from connectors.simulator.kafka.log import Log
from connectors.simulator.kafka.settings import TOPIC_SETTINGS

MOST_BYTES = 24 << 20  # of all that clients have written: beyond it the longest log loses its older half
A_BATCH = 400  # bytes that a batch takes beside its own
MOST_PARTITIONS = 25_000  # of all topics together
FOR_EVER = float("inf")


@dataclass(slots=True)
class Topic:
    """``configs``: what was set on it, of the settings that there are."""

    name: str
    id: uuid.UUID
    logs: list[Log]
    configs: dict[str, str] = field(default_factory=dict)
    internal: bool = False

    def setting(self, name: str) -> str:
        """Raises KeyError for one that no topic has."""
        return self.configs.get(name, TOPIC_SETTINGS[name].default)

    @property
    def compacted(self) -> bool:
        return "compact" in self.setting("cleanup.policy").split(",")

    @property
    def deletes(self) -> bool:
        return "delete" in self.setting("cleanup.policy").split(",")

    @property
    def retention(self) -> float:
        """Seconds that a record is kept."""
        milliseconds = float(self.setting("retention.ms"))
        return milliseconds / 1000 if self.deletes and milliseconds >= 0 else FOR_EVER

    @property
    def largest(self) -> float:
        """Bytes that a partition keeps."""
        size = float(self.setting("retention.bytes"))
        return size if self.deletes and size >= 0 else FOR_EVER

    def sweep(self, t: float) -> None:
        """What clients wrote is thinned out as the topic's settings say, at simulated second ``t``."""
        written = [log for log in self.logs if log.batches]
        for log in written:
            log.retain(t - self.retention, self.largest)
            if self.compacted:
                log.compact()


def make_room(logs: list[Log]) -> None:
    """Keeps the estate small whatever is written into it: what is oldest in the longest log goes first."""
    while sum(_weight(log) for log in logs) > MOST_BYTES:
        longest = max(logs, key=_weight)
        longest.delete(longest.batches[len(longest.batches) // 2].end)


def _weight(log: Log) -> int:
    return log.size + A_BATCH * len(log.batches)
