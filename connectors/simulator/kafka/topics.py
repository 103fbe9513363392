"""Topics: their partitions' logs and what was set on them; those that there are, by name."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from connectors.simulator.kafka.ids import Ids
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


class Topics(dict[str, Topic]):
    """By name. Where there was a topic of the same name before, a new one has another id."""

    def __init__(self, ids: Ids) -> None:
        super().__init__()
        self._ids = ids
        self._births: dict[str, int] = {}  # how often there was a topic of this name

    def create(self, name: str, partitions: int, configs: dict[str, str]) -> Topic:
        self._births[name] = self._births.get(name, 0) + 1
        purpose = f"topic {name}" if self._births[name] == 1 else f"topic {name} {self._births[name]}"
        self[name] = Topic(name, self._ids.lasting(purpose), [Log() for _ in range(partitions)], configs)
        return self[name]

    def room_for(self, partitions: int) -> bool:
        """Whether so many more partitions may be made."""
        return sum(len(topic.logs) for topic in self.values()) + partitions <= MOST_PARTITIONS

    def by_id(self, id: uuid.UUID) -> Topic | None:
        return next((topic for topic in self.values() if topic.id == id), None)

    def log(self, topic: str, partition: int) -> Log | None:
        """None where there is no such partition."""
        found = self.get(topic)
        return found.logs[partition] if found and 0 <= partition < len(found.logs) else None

    def log_for(self, topic: str, partition: int) -> Log:
        """The partition's log, made when it is not there yet: the model needs it."""
        found = self.get(topic)
        logs = found.logs if found else self.create(topic, 0, {}).logs
        while len(logs) <= partition:
            logs.append(Log())
        return logs[partition]

    def make_room(self) -> None:
        """Keeps the estate small whatever is written into it: what is oldest in the longest log goes first."""
        logs = [log for topic in self.values() for log in topic.logs if log.batches]
        while sum(_weight(log) for log in logs) > MOST_BYTES:
            longest = max(logs, key=_weight)
            longest.delete(longest.batches[len(longest.batches) // 2].end)

    def retention(self) -> dict[str, float]:
        """Seconds that each topic keeps a record."""
        return {topic.name: topic.retention for topic in self.values()}

    def deleted(self) -> dict[tuple[str, int], int]:
        """Of the model's partitions: below which offset an operator has deleted the records."""
        return {
            (topic.name, index): log.deleted
            for topic in self.values()
            for index, log in enumerate(topic.logs)
            if log.dictated and log.deleted
        }


def _weight(log: Log) -> int:
    return log.size + A_BATCH * len(log.batches)
