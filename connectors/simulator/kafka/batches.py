"""Record batches of format 2 as bytes: taken apart, checked, made, marked and compacted.

A batch's base offset stands outside of its checksum, so that a broker sets it without touching the rest.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from kafka.errors import CorruptRecordError, UnsupportedCodecError
from kafka.record.default_records import DefaultRecord, DefaultRecordBatch, DefaultRecordBatchBuilder
from kafka.record.memory_records import MemoryRecordsBuilder
from kafka.record.util import calc_crc32c

LARGEST = 1_048_588  # bytes of a batch; message.max.bytes of a real broker
CHECKED = 1 << 18  # bytes of a batch up to which its checksum is looked at: Python sums up 4 MB a second
UNPACKED = 4 << 20  # bytes of one batch's records that are looked into
NOBODY = -1  # id of a producer that has none
_HEADER = struct.Struct(">qiibIhiqqqhii")
_FRAME = struct.Struct(">qi")  # base offset, and how many bytes follow
_BASE_OFFSET = struct.Struct(">q")
_ATTRIBUTES = struct.Struct(">h")
_DELTA = struct.Struct(">i")
_CRC = struct.Struct(">I")
_MARK_KEY = struct.Struct(">hh")  # version, and 0 for an abort or 1 for a commit
_MARK_VALUE = struct.Struct(">hi")  # version, the coordinator's epoch
_MAGIC_AT, _CRC_AT, _ATTRIBUTES_AT, _LAST_DELTA_AT = 16, 17, 21, 23
_TRANSACTIONAL, _CONTROL, _CODEC = 0x10, 0x20, 0x07
_PLAIN, _GZIP = 0, 1  # codecs; the others need libraries that a simulator does without


class CorruptBatch(Exception):
    """Bytes that are no record batch, or whose checksum is wrong."""


class OldFormat(Exception):
    """Records older than format 2 (before Kafka 0.11)."""


class TooLarge(Exception):
    """A batch of more than LARGEST bytes."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Offsets ``base`` to ``base + count - 1``; after compaction some of them have no record."""

    base: int
    count: int
    data: bytes
    at: float = 0.0  # wall milliseconds when it was written
    t: float = 0.0  # and the simulated second
    producer: int = NOBODY
    epoch: int = -1
    sequence: int = -1
    transactional: bool = False
    control: bool = False

    @property
    def end(self) -> int:
        """The offset after its last one."""
        return self.base + self.count

    def placed(self, base: int, at: float, t: float) -> Batch:
        data = _BASE_OFFSET.pack(base) + self.data[_BASE_OFFSET.size :]
        return replace(self, base=base, at=at, t=t, data=data)


def split(records: bytes) -> list[Batch]:
    """The batches in a produce request, each one checked. Raises CorruptBatch, OldFormat, TooLarge."""
    found = []
    start = 0
    while start < len(records):
        if len(records) - start < _HEADER.size:
            raise CorruptBatch("shorter than a batch header")
        if records[start + _MAGIC_AT] != 2:
            raise OldFormat
        size = _FRAME.size + _FRAME.unpack_from(records, start)[1]
        if size > LARGEST:
            raise TooLarge
        found.append(_checked(records[start : start + size], size))
        start += size
    return found


def _checked(data: bytes, size: int) -> Batch:
    if not _HEADER.size <= size == len(data):
        raise CorruptBatch("length")
    batch = read(data)
    if batch.control or not 0 < batch.count <= size:
        raise CorruptBatch("no batch that a client may write")
    if size <= CHECKED and not DefaultRecordBatch(data).validate_crc():
        raise CorruptBatch("checksum")
    return batch


def read(data: bytes) -> Batch:
    """What a batch says of itself."""
    base, _, _, _, _, attributes, last_delta, _, _, producer, epoch, sequence, _ = _HEADER.unpack_from(data)
    return Batch(
        base,
        last_delta + 1,
        data,
        producer=producer,
        epoch=epoch,
        sequence=sequence,
        transactional=bool(attributes & _TRANSACTIONAL),
        control=bool(attributes & _CONTROL),
    )


def made(offset: int, count: int, at: float) -> bytes:
    """A batch of ``count`` records that follow from their offsets alone."""
    builder = MemoryRecordsBuilder(magic=2, compression_type=0, batch_size=1 << 20)
    for number in range(offset, offset + count):
        builder.append(timestamp=int(at), key=b"%d" % number, value=json.dumps({"id": number}).encode())
    builder.close()
    return _BASE_OFFSET.pack(offset) + bytes(builder.buffer())[_BASE_OFFSET.size :]


def keyed(values: Mapping[int, tuple[bytes, bytes | None]], count: int, at: float) -> Batch:
    """A batch of ``count`` offsets with records (key, value) at some of them only, as compaction leaves it."""
    builder = DefaultRecordBatchBuilder(2, 0, False, NOBODY, -1, -1, 1 << 30)
    for delta, (key, value) in sorted(values.items()):
        builder.append(delta, int(at), key, value, [])
    return read(_reaching(builder, count))


def marker(producer: int, epoch: int, commit: bool, at: float) -> Batch:
    """The control batch that ends a transaction. It takes an offset, and no consumer is shown it."""
    builder = DefaultRecordBatchBuilder(2, 0, True, producer, epoch, -1, 1 << 10)
    builder.append(0, int(at), _MARK_KEY.pack(0, int(commit)), _MARK_VALUE.pack(0, 0), [])
    data = bytearray(builder.build())
    (attributes,) = _ATTRIBUTES.unpack_from(data, _ATTRIBUTES_AT)
    _ATTRIBUTES.pack_into(data, _ATTRIBUTES_AT, attributes | _CONTROL)
    return read(_summed(data))


def compacted(batches: Iterable[Batch], below: int) -> list[Batch]:
    """Of each key the last record below this offset stays, and the offsets stay what they were.

    Control batches, records without a key and batches in a codec that is not at hand stay as they are.
    """
    kept = list(batches)
    records = {batch.base: found for batch in kept if batch.end <= below and (found := _records(batch)) is not None}
    last = {record.key: record.offset for found in records.values() for record in found}
    return [
        thinned
        for batch in kept
        if (thinned := _thinned(batch, records.get(batch.base), last, batch is kept[-1])) is not None
    ]


def keyless(batch: Batch) -> bool:
    """Whether a record in it has no key, as far as one can look into it."""
    return any(record.key is None for record in _records(batch) or ())


def _thinned(
    batch: Batch, records: list[DefaultRecord] | None, last: Mapping[bytes | None, int], newest: bool
) -> Batch | None:
    if records is None:
        return batch
    staying = [record for record in records if record.key is None or last[record.key] == record.offset]
    if len(staying) == len(records):
        return batch
    if not staying and not newest:
        return None
    builder = DefaultRecordBatchBuilder(2, 0, batch.transactional, batch.producer, batch.epoch, batch.sequence, 1 << 30)
    for record in staying:
        builder.append(record.offset - batch.base, record.timestamp, record.key, record.value, record.headers)
    return replace(batch, data=_reaching(builder, batch.count, batch.base))


def _records(batch: Batch) -> list[DefaultRecord] | None:
    """None where nobody may or can look into it."""
    if batch.control or not _unpacks(batch.data):
        return None
    try:
        return list(DefaultRecordBatch(batch.data))
    except (CorruptRecordError, UnsupportedCodecError):
        return None


def _unpacks(data: bytes) -> bool:
    """Whether its records are there to read: as they are, or by gzip and not too many; a bomb is left closed."""
    codec = data[_ATTRIBUTES_AT + 1] & _CODEC
    if codec != _GZIP:
        return codec == _PLAIN
    unpacking = zlib.decompressobj(wbits=31)
    try:
        unpacking.decompress(data[_HEADER.size :], UNPACKED)
    except zlib.error:
        return False
    return unpacking.eof


def _reaching(builder: DefaultRecordBatchBuilder, count: int, base: int = 0) -> bytes:
    """The batch, with its last offset said to be the one it had before records went out of it."""
    data = bytearray(builder.build())
    _BASE_OFFSET.pack_into(data, 0, base)
    _DELTA.pack_into(data, _LAST_DELTA_AT, count - 1)
    return _summed(data)


def _summed(data: bytearray) -> bytes:
    _CRC.pack_into(data, _CRC_AT, calc_crc32c(memoryview(data)[_ATTRIBUTES_AT:]))
    return bytes(data)
