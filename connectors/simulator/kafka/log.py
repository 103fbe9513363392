"""One partition's log, of either kind: dictated by the traffic model, or written by clients.

A dictated log keeps offsets and when they were reached, but no records: a reader gets records made from their
offset, the same ones each time. A written log keeps the batches that it was given, until retention, compaction or
an operator takes them out. Its ``stable`` end is where the oldest open transaction begins: who reads committed
records only is shown nothing from there on.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

from connectors.simulator.kafka.batches import Batch, compacted, made, marker
from connectors.simulator.kafka.history import History
from connectors.simulator.kafka.producers import Producers

RECORDS_A_READ = 200


@dataclass(frozen=True, slots=True)
class Aborted:
    """A transaction that was given up, from its first record in this log to its marker."""

    producer: int
    first: int
    last: int


@dataclass(slots=True)
class Log:
    """Offsets run from ``low`` (the first one kept) to ``end`` (the next one to be written)."""

    low: int = 0
    end: int = 0
    dictated: bool = False
    history: History = field(default_factory=History)
    batches: list[Batch] = field(default_factory=list)
    producers: Producers = field(default_factory=Producers)
    size: int = 0  # bytes of its batches
    deleted: int = 0  # an operator has deleted the records below this offset
    _open: dict[int, int] = field(default_factory=dict)  # producer: where its open transaction begins here
    _aborted: list[Aborted] = field(default_factory=list)
    _compacted: int = 0  # the stable end when it was compacted last

    @property
    def stable(self) -> int:
        return max(self.low, min(self._open.values(), default=self.end))

    def dictate(self, low: int, end: int, at: float) -> None:
        """The model's word: offsets at wall milliseconds ``at``."""
        self.low, self.end, self.dictated = low if low >= self.deleted else min(self.deleted, end), end, True
        self.history.add(at, end)

    def append(self, batches: list[Batch], at: float, t: float = 0.0) -> int:
        """Writes batches as a producer sends them; answers the first one's offset.

        What was written before is not written twice. Raises what ``Producers.admit`` raises.
        """
        first = self.end
        for number, batch in enumerate(batches):
            before = self.producers.admit(batch, self.end)
            if before is None:
                self.place(batch, at, t)
            elif number == 0:
                first = before
        return first

    def mark(self, producer: int, epoch: int, commit: bool, at: float, t: float = 0.0) -> None:
        """Ends the producer's transaction here with a marker."""
        first = self._open.pop(producer, None)
        self.producers.raise_epoch(producer, epoch)
        self.place(marker(producer, epoch, commit, at), at, t)
        if first is not None and not commit:
            self._aborted.append(Aborted(producer, first, self.end - 1))

    def place(self, batch: Batch, at: float, t: float = 0.0) -> None:
        """Puts a batch at the end as it is, with whatever gaps it has."""
        batch = batch.placed(self.end, at, t)
        self.batches.append(batch)
        self.size += len(batch.data)
        self.end = batch.end
        if batch.transactional and not batch.control:
            self._open.setdefault(batch.producer, batch.base)
        self.history.add(batch.at, self.end)

    def read(self, offset: int, limit: int, below: int | None = None) -> bytes:
        """Whole batches from the one that holds ``offset`` on; at least one when there is any, else up to ``limit``.

        ``below``: only batches before this offset.
        """
        end = self.end if below is None else below
        if offset >= end:
            return b""
        if self.dictated:
            return made(offset, min(end - offset, RECORDS_A_READ), self.time_of(offset))
        return b"".join(batch.data for batch in self._from(offset, limit, end))

    def _from(self, offset: int, limit: int, end: int) -> Iterator[Batch]:
        taken = 0
        for batch in self.batches[bisect_right(self.batches, offset, key=lambda batch: batch.end) :]:
            if batch.base >= end or (taken and taken + len(batch.data) > limit):
                return
            taken += len(batch.data)
            yield batch

    def aborted(self, offset: int) -> list[Aborted]:
        """Transactions whose records a reader from this offset on has to leave out."""
        return [gone for gone in self._aborted if gone.last >= offset]

    def time_of(self, offset: int) -> float:
        """Wall milliseconds at which this offset had been written, as far back as the history goes."""
        return self.history.time_of(offset)

    def offset_at(self, at: float) -> int | None:
        """First offset written at or after wall milliseconds ``at``; None when nothing has been since."""
        found = self.history.offset_at(at)
        return None if found is None else max(found, self.low)

    def delete(self, below: int) -> None:
        """Takes out what is before this offset, for good; a batch that reaches beyond it stays and is not shown."""
        self.deleted = max(self.deleted, min(below, self.end))
        self._cut(self.deleted)

    def retain(self, since: float, size: float) -> None:
        """Takes out batches written before simulated second ``since``, and the oldest beyond ``size`` bytes.

        What belongs to an open transaction stays.
        """
        left, low = self.size, self.low
        for batch in self.batches:
            if (batch.t >= since and left <= size) or batch.end > self.stable:
                break
            left, low = left - len(batch.data), batch.end
        if low > self.low:
            self._cut(low)

    def _cut(self, low: int) -> None:
        self.low = max(self.low, low)
        gone = bisect_right(self.batches, self.low, key=lambda batch: batch.end)
        self.size -= sum(len(batch.data) for batch in self.batches[:gone])
        del self.batches[:gone]
        self._aborted = [aborted for aborted in self._aborted if aborted.last >= self.low]

    def compact(self) -> None:
        """Leaves the last record of each key, once there is something new below the stable end."""
        if self._compacted == self.stable:
            return
        self._compacted = self.stable
        self.batches = compacted(self.batches, self.stable)
        self.size = sum(len(batch.data) for batch in self.batches)
