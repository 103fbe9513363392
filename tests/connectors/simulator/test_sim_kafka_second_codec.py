"""A codec that shares nothing with the simulator's reads the same bytes: aiokafka's, of every version that it knows.

What one library writes and reads back proves little; both must find the same fields in a request and in its answer.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import Any

import pytest
from aiokafka.protocol import admin, commit, coordination, fetch, group, metadata, offset, produce, transaction
from aiokafka.protocol.api import RequestStruct

from connectors.simulator.kafka.apis import APIS, answer
from tests.connectors.simulator.test_sim_kafka_codec import cluster, request_for, session

PRODUCE = 0
ITS_OWN_MISTAKES = {  # in aiokafka 0.14, against the protocol's definition
    "OffsetRequest_v4": "an epoch has 32 bits, not 64",
    "OffsetRequest_v5": "an epoch has 32 bits, not 64",
    "DescribeGroupsRequest_v3": "is read by the answer of version 2",
    "DescribeAclsRequest_v2": "is said to be flexible and is not",
}
MODULES = (admin, commit, coordination, fetch, group, metadata, offset, produce, transaction)


def both_know() -> Iterator[Any]:
    """aiokafka's requests of versions that are served here."""
    found = (thing for module in MODULES for thing in vars(module).values() if isinstance(thing, type))
    requests: set[Any] = {
        thing for thing in found if issubclass(thing, RequestStruct) and hasattr(thing, "API_VERSION")
    }
    for request in sorted(requests, key=lambda one: (one.API_KEY, one.API_VERSION)):
        api = APIS.get(request.API_KEY)
        if request.__name__ in ITS_OWN_MISTAKES:
            continue
        if api and api.versions[0] <= request.API_VERSION <= api.versions[1]:
            yield request


EVERY = list(both_know())


def test_there_is_enough_to_compare() -> None:
    assert len({request.API_KEY for request in EVERY}) >= 20
    assert len(EVERY) >= 70


@pytest.mark.parametrize("theirs", EVERY, ids=lambda theirs: theirs.__name__)
def test_both_codecs_agree_on_request_and_answer(theirs: Any) -> None:
    known = cluster()
    api, version = APIS[theirs.API_KEY], theirs.API_VERSION
    request = request_for(api, known)
    request.API_VERSION = version
    request.with_header(correlation_id=77, client_id="test")
    sent = bytes(request.encode(header=True))
    broker = known.leader("own", 0) if theirs.API_KEY == PRODUCE else None

    body = without_header(sent, theirs.FLEXIBLE_VERSION)
    assert theirs.decode(io.BytesIO(body)).encode() == body, "they read another request"

    said = answer(session(broker, known), sent).frame
    length, correlation = struct.unpack(">ii", said[:8])
    assert (length, correlation) == (len(said) - 4, 77)
    reply = said[9:] if theirs.FLEXIBLE_VERSION else said[8:]  # a byte for the header's tags: none
    reader = io.BytesIO(reply)
    decoded = theirs.RESPONSE_TYPE.decode(reader)
    assert reader.read() == b"", "they leave bytes over"
    assert decoded.encode() == reply, "they read another answer"


def without_header(sent: bytes, flexible: bool) -> bytes:
    """Key, version and correlation id, the client's id with its length, and in flexible versions no tags."""
    return sent[8 + 2 + len("test") + (1 if flexible else 0) :]
