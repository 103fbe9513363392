"""One partition's log, of either kind: dictated by the traffic model, or written by clients.

A dictated log keeps offsets and when they were reached, but no records: a reader gets records made from their
offset, the same ones each time. A written log keeps the batches that it was given, with their base offset set
(it stands outside of a batch's checksum).
"""

from __future__ import annotations

import json
import struct
from bisect import bisect_left
from collections import deque
from dataclasses import dataclass, field
from itertools import takewhile

from kafka.record.default_records import DefaultRecordBatch
from kafka.record.memory_records import MemoryRecordsBuilder

HISTORY = 7200  # steps whose end offset is remembered, for look-ups by time
RECORDS_A_READ = 200
_BASE_OFFSET = struct.Struct(">q")
_FRAME = struct.Struct(">qi")  # base offset, and how many bytes follow
_MAGIC_AT = 16
_LAST_DELTA_AT = 23
_HEADER = 61  # bytes of a batch of format 2 before its records


class CorruptBatch(Exception):
    """Bytes that are no record batch, or whose checksum is wrong."""


class OldFormat(Exception):
    """Records older than format 2 (before Kafka 0.11)."""


@dataclass(frozen=True, slots=True)
class Batch:
    base: int
    count: int
    at: float  # wall milliseconds
    data: bytes


@dataclass(slots=True)
class Log:
    """Offsets run from ``low`` (the first one kept) to ``end`` (the next one to be written)."""

    low: int = 0
    end: int = 0
    dictated: bool = False
    history: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=HISTORY))  # wall ms, end then
    batches: list[Batch] = field(default_factory=list)

    def dictate(self, low: int, end: int, at: float) -> None:
        """The model's word: offsets at wall milliseconds ``at``."""
        self.low, self.end, self.dictated = low, end, True
        self.history.append((at, end))

    def append(self, records: bytes, at: float) -> int:
        """Writes record batches as a producer sends them; answers the first one's offset."""
        first = self.end
        for data in split(records):
            count = int.from_bytes(data[_LAST_DELTA_AT : _LAST_DELTA_AT + 4], "big") + 1
            self.batches.append(Batch(self.end, count, at, rebased(data, self.end)))
            self.end += count
        self.history.append((at, self.end))
        return first

    def read(self, offset: int, limit: int) -> bytes:
        """Whole batches from the one that holds ``offset`` on; at least one when there is any, else up to ``limit``."""
        if offset >= self.end:
            return b""
        if self.dictated:
            return made(offset, min(self.end - offset, RECORDS_A_READ), self.time_of(offset))
        found = b""
        for batch in self.batches:
            if batch.base + batch.count > offset and (not found or len(found) + len(batch.data) <= limit):
                found += batch.data
        return found

    def time_of(self, offset: int) -> float:
        """Wall milliseconds at which this offset had been written, as far back as the history goes."""
        place = bisect_left(self.history, offset + 1, key=lambda entry: entry[1])
        return self.history[min(place, len(self.history) - 1)][0] if self.history else 0.0

    def offset_at(self, at: float) -> int | None:
        """First offset written at or after wall milliseconds ``at``; None when nothing has been since."""
        before = list(takewhile(lambda entry: entry[0] < at, self.history))
        if len(before) == len(self.history):
            return None
        return max(before[-1][1] if before else self.low, self.low)


def split(records: bytes) -> list[bytes]:
    """The batches in a produce request, each one checked."""
    found = []
    while records:
        if len(records) < _HEADER:
            raise CorruptBatch("shorter than a batch header")
        if records[_MAGIC_AT] != 2:
            raise OldFormat
        size = _FRAME.size + _FRAME.unpack_from(records)[1]
        batch, records = records[:size], records[size:]
        if not _HEADER <= size == len(batch) or not DefaultRecordBatch(batch).validate_crc():
            raise CorruptBatch("length or checksum")
        found.append(batch)
    return found


def rebased(batch: bytes, base: int) -> bytes:
    return _BASE_OFFSET.pack(base) + batch[_BASE_OFFSET.size :]


def made(offset: int, count: int, at: float) -> bytes:
    """A batch of ``count`` records that follow from their offsets alone."""
    builder = MemoryRecordsBuilder(magic=2, compression_type=0, batch_size=1 << 20)
    for number in range(offset, offset + count):
        builder.append(timestamp=int(at), key=b"%d" % number, value=json.dumps({"id": number}).encode())
    builder.close()
    return rebased(bytes(builder.buffer()), offset)
