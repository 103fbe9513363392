"""Requests that the schema allows and no sane client sends: every API and version, with any values in any field."""

from __future__ import annotations

import struct
import uuid
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.simulator.kafka.apis import APIS, Api, Malformed, answer
from connectors.simulator.kafka.cluster import Address, Cluster
from connectors.simulator.kafka.rights import READER
from connectors.simulator.kafka.sasl import Accounts
from connectors.simulator.kafka.session import Session
from tests.connectors.simulator.sim_kafka import tick

NAMES = st.sampled_from(["orders", "own", "", "__consumer_offsets", "no such", "\N{SNOWMAN}" * 90, "mine"])
BYTES = st.one_of(st.binary(max_size=80), st.just(b"\0" * 61))
WIDTHS = {"int8": 8, "int16": 16, "int32": 32, "int64": 64}
LARGEST_ANSWER = 2**20  # bytes; to a request of some hundred


def cluster() -> Cluster:
    made = Cluster(seed=7)
    made.addresses = {broker: Address("127.0.0.1", 9090 + broker) for broker in (1, 2, 3)}
    made.show(tick(0), at=1_000.0)
    made.topics.create("own", 3, {})
    return made


IDS = st.sampled_from([uuid.UUID(int=0), uuid.UUID(int=5), cluster().topics["orders"].id])


def number(bits: int) -> st.SearchStrategy[int]:
    most = 2 ** (bits - 1)
    return st.one_of(st.sampled_from([0, 1, -1, -2, 2, 3, 5, most - 1, -most]), st.integers(-most, most - 1))


def value(field: Any, version: int) -> st.SearchStrategy[Any]:
    """Anything that the codec can put into this field."""
    made = _whole(field, version)
    return st.one_of(made, st.none()) if field.nullable_for_version_q(version) else made


def _whole(field: Any, version: int) -> st.SearchStrategy[Any]:
    if field.is_struct_array():
        return st.lists(structure(field.array_of, version), max_size=2)
    if field.is_array():
        return st.lists(scalar(field.array_of.type_str), max_size=3)
    if field.is_struct():
        return structure(field, version)
    return scalar(field.type_str)


def scalar(kind: str) -> st.SearchStrategy[Any]:
    if kind in WIDTHS:
        return number(WIDTHS[kind])
    others: dict[str, st.SearchStrategy[Any]] = {
        "uint16": st.integers(0, 2**16 - 1),
        "bool": st.booleans(),
        "string": NAMES,
        "bytes": BYTES,
        "records": BYTES,
        "uuid": IDS,
        "float64": st.floats(),
    }
    return others[kind]


def structure(of: Any, version: int) -> st.SearchStrategy[Any]:
    fields = {field.name: value(field, version) for field in of.untagged_fields(version)}
    return st.fixed_dictionaries(fields).map(lambda given: of(**given))


def frame(api: Api, version: int, fields: dict[str, Any]) -> bytes:
    request = api.request(version=version, **fields)
    request.with_header(correlation_id=9, client_id="fuzz")
    return bytes(request.encode(header=True))


def session(known: Cluster, broker: int, guarded: bool) -> Session:
    """``guarded``: of a user who may only read."""
    made = Session(broker, known, lambda: 2_000.0, Accounts(7, {}), {"viewer": READER} if guarded else {})
    made.user = "viewer"
    return made


@pytest.mark.parametrize("api", APIS.values(), ids=lambda api: api.request.__name__)
def test_any_values_get_an_answer_or_the_door(api: Api) -> None:
    low, high = api.versions
    requests = st.integers(low, high).flatmap(
        lambda version: st.tuples(
            st.just(version),
            st.fixed_dictionaries(
                {field.name: value(field, version) for field in api.request._struct.untagged_fields(version)}
            ),
        )
    )

    @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
    @given(st.lists(requests, min_size=1, max_size=3), st.sampled_from((1, 2, 3)), st.booleans())
    def check(sent: list[tuple[int, dict[str, Any]]], broker: int, guarded: bool) -> None:
        known = cluster()
        to = session(known, broker, guarded)
        for version, fields in sent:
            try:
                said = answer(to, frame(api, version, fields))
            except Malformed:
                return
            assert len(said.frame) <= LARGEST_ANSWER
            if said.frame:
                assert struct.unpack(">ii", said.frame[:8]) == (len(said.frame) - 4, 9)
        known.show(tick(1), at=3_000.0)

    check()


INT16 = st.integers(-(2**15), 2**15 - 1)


@settings(max_examples=150, deadline=None)
@given(INT16, INT16, number(32), st.binary(max_size=40), st.booleans())
def test_any_header_gets_an_answer_or_the_door(
    key: int, version: int, correlation: int, rest: bytes, proved: bool
) -> None:
    to = session(cluster(), 1, guarded=False)
    to.user = "viewer" if proved else ""
    try:
        said = answer(to, struct.pack(">hhi", key, version, correlation) + rest)
    except Malformed:
        return
    assert not said.frame or struct.unpack(">i", said.frame[4:8]) == (correlation,)


def test_a_question_is_not_of_any_length() -> None:
    metadata = struct.pack(">hhih", 3, 1, 1, -1)
    for names, served in ((10, True), (2**18, False)):
        request = metadata + struct.pack(">i", names) + b"\0\4name" * names
        try:
            assert answer(session(cluster(), 1, guarded=False), request).frame
        except Malformed:
            assert not served
        else:
            assert served


def test_one_partition_asked_for_many_times_does_not_fill_the_memory() -> None:
    known = cluster()
    api = APIS[1]
    topic = api.request.FetchTopic
    part = topic.FetchPartition(partition=0, fetch_offset=1, partition_max_bytes=2**31 - 1)
    fields = {"max_wait_ms": 0, "min_bytes": 1, "max_bytes": 2**31 - 1, "forgotten_topics_data": []}
    request = frame(api, 11, {**fields, "topics": [topic(topic="orders", partitions=[part] * 3000)]})
    said = answer(session(known, known.leader("orders", 0), guarded=False), request)
    assert len(said.frame) <= LARGEST_ANSWER
