"""Record batches whose checksum is right and whose inside is not: garbage, and little that unpacks to very much."""

from __future__ import annotations

import gzip
import struct
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kafka.protocol import producer
from kafka.record.util import calc_crc32c

from connectors.simulator.kafka.batches import UNPACKED
from connectors.simulator.kafka.cluster import Cluster
from tests.connectors.simulator.test_sim_kafka_codec import ask, cluster, session

COMPACTED = "kept"
GZIP = 1


def batch(body: bytes, codec: int = 0, records: int = 1, last_delta: int = 0) -> bytes:
    """A batch of format 2 around anything, with the checksum that it ought to have."""
    summed = struct.pack(">hiqqqhii", codec, last_delta, 0, 0, -1, -1, -1, records) + body
    rest = struct.pack(">iBI", 0, 2, calc_crc32c(summed)) + summed
    return struct.pack(">qi", 0, len(rest)) + rest


def written(known: Cluster, data: bytes) -> int:
    """Into a topic whose records the broker has to look at; the error code."""
    known.topics.get(COMPACTED) or known.topics.create(COMPACTED, 1, {"cleanup.policy": "compact"})
    topic = producer.ProduceRequest.TopicProduceData
    part = topic.PartitionProduceData(index=0, records=data)
    request = producer.ProduceRequest(acks=1, timeout_ms=1, topic_data=[topic(name=COMPACTED, partition_data=[part])])
    said: Any = ask(session(known.leader(COMPACTED, 0), known), request, 9)
    return int(said.responses[0].partition_responses[0].error_code)


def test_a_bomb_is_left_closed() -> None:
    bomb = batch(gzip.compress(bytes(64 * 2**20), 9), GZIP)
    assert len(bomb) < 2**17
    known = cluster()
    tracemalloc.start()
    try:
        written(known, bomb)
        known.topics[COMPACTED].sweep(1e9)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 4 * UNPACKED


WHOLE, LONGER = gzip.compress(b"\xff" * 50), gzip.compress(b"cut off" * 100)


@pytest.mark.parametrize(
    "body", [b"no gzip", LONGER[:40], b"", WHOLE], ids=["no gzip", "cut off", "nothing", "fewer records"]
)
def test_what_cannot_be_unpacked_harms_nobody(body: bytes) -> None:
    known = cluster()
    written(known, batch(body, GZIP))
    known.topics[COMPACTED].sweep(1e9)


@settings(max_examples=100, deadline=None)
@given(
    st.binary(max_size=60),
    st.integers(0, 7),
    st.sampled_from([0, 1, 2, -1, 2**31 - 1]),
    st.sampled_from([0, 1, 5, -1, 2**31 - 1]),
    st.booleans(),
)
def test_any_inside_is_taken_or_refused(body: bytes, codec: int, records: int, last_delta: int, packed: bool) -> None:
    known = cluster()
    written(known, batch(gzip.compress(body) if packed else body, codec, records, last_delta))
    known.topics[COMPACTED].sweep(1e9)
