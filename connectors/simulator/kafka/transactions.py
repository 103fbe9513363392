"""Transactional producers: who holds which transactional id, and what its open transaction has touched.

The newest producer of an id has the highest epoch; all before it are fenced. A transaction that its producer leaves
open for longer than it said is given up for it, in wall time, as its client counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from connectors.simulator.kafka.codes import Code
from connectors.simulator.kafka.groups import Committed, TopicPartition
from connectors.simulator.kafka.later import Alarm
from connectors.simulator.kafka.roster import Deadline

LONGEST = 900.0  # seconds; transaction.max.timeout.ms of a real broker
MOST = 10_000  # transactional ids
NOBODY = (-1, -1)


@dataclass(slots=True)
class Transaction:
    """One transactional id. ``ended``: how the last one ended, for a producer that asks again."""

    id: str
    producer: int
    epoch: int
    timeout: float
    deadline: Deadline
    parts: set[TopicPartition] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)
    offsets: dict[str, dict[TopicPartition, Committed]] = field(default_factory=dict)
    ended: bool | None = None

    @property
    def open(self) -> bool:
        return bool(self.parts or self.groups)


class Transactions:
    """``new_producer`` gives out ids; ``finish`` writes down the end of a transaction, committed or not."""

    def __init__(self, alarm: Alarm, new_producer: Callable[[], int], finish: Callable[[Transaction, bool], None]):
        self._alarm = alarm
        self._new_producer = new_producer
        self._finish = finish
        self._by_id: dict[str, Transaction] = {}

    def begin(self, id: str, timeout: float, producer: int, epoch: int) -> tuple[Code, int, int]:
        """A producer takes the id; who had it is fenced, and what it left open is given up."""
        if not 0 < timeout <= LONGEST:
            return Code.INVALID_TRANSACTION_TIMEOUT, *NOBODY
        if id not in self._by_id and len(self._by_id) >= MOST:
            return Code.COORDINATOR_NOT_AVAILABLE, *NOBODY
        known = self._by_id.get(id)
        if known is None:
            known = Transaction(id, self._new_producer(), -1, timeout, Deadline(self._alarm))
            self._by_id[id] = known
        elif producer >= 0 and (producer, epoch) != (known.producer, known.epoch):
            return Code.PRODUCER_FENCED, *NOBODY
        known.epoch += 1
        if known.open:
            self._end(known, False)
        known.timeout, known.ended = timeout, None
        return Code.NONE, known.producer, known.epoch

    def add(
        self, id: str, producer: int, epoch: int, parts: set[TopicPartition] | None = None, group: str | None = None
    ) -> Code:
        """The transaction, begun if it is not open, will touch these partitions or this group."""
        code = self._check(id, producer, epoch)
        if code is Code.NONE:
            known = self._by_id[id]
            if not known.open:
                known.deadline.put(known.timeout, lambda: self._give_up(known))
            known.parts |= parts or set()
            known.groups |= {group} if group is not None else set()
        return code

    def commit_offsets(
        self, id: str, producer: int, epoch: int, group: str, offsets: Mapping[TopicPartition, Committed]
    ) -> Code:
        """Offsets that hold once the transaction is committed."""
        code = self._check(id, producer, epoch)
        if code is not Code.NONE:
            return code
        if group not in self._by_id[id].groups:
            return Code.INVALID_TXN_STATE
        self._by_id[id].offsets.setdefault(group, {}).update(offsets)
        return Code.NONE

    def end(self, id: str, producer: int, epoch: int, commit: bool) -> Code:
        code = self._check(id, producer, epoch)
        if code is not Code.NONE:
            return code
        known = self._by_id[id]
        if not known.open:
            return Code.NONE if known.ended is commit else Code.INVALID_TXN_STATE
        self._end(known, commit)
        return Code.NONE

    def holds(self, producer: int, part: TopicPartition) -> bool:
        """Whether this producer's open transaction covers the partition: only then it may write there."""
        return any(known.producer == producer and part in known.parts for known in self._by_id.values())

    def pending(self, group: str) -> set[TopicPartition]:
        """Partitions whose committed offset in this group an open transaction is about to change."""
        return {part for known in self._by_id.values() for part in known.offsets.get(group, ())}

    def _check(self, id: str, producer: int, epoch: int) -> Code:
        known = self._by_id.get(id)
        if known is None or known.producer != producer:
            return Code.INVALID_PRODUCER_ID_MAPPING
        return Code.NONE if known.epoch == epoch else Code.PRODUCER_FENCED

    def _give_up(self, known: Transaction) -> None:
        known.epoch += 1
        self._end(known, False)

    def _end(self, known: Transaction, commit: bool) -> None:
        known.deadline.clear()
        self._finish(known, commit)
        known.parts, known.groups, known.offsets = set(), set(), {}
        known.ended = commit
