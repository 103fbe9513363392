"""Answers taken apart quickly are what the client library makes of them; those that make no sense end."""

from __future__ import annotations

import struct
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kafka.errors import KafkaProtocolError
from kafka.protocol.consumer import ListOffsetsResponse, OffsetFetchResponse

from connectors.kafka.quick import Commits, commits, commits_of_one, offsets
from connectors.kafka.unread import Answer, Last

NAMES = st.text(min_size=1, max_size=200)
ENTRIES = st.dictionaries(
    st.integers(0, 2**31 - 1), st.tuples(st.integers(-1, 2**62), st.sampled_from([0, 0, 3, 29])), max_size=5
)
METADATA = st.none() | st.text(max_size=200)


def ends(topics: Mapping[str, Mapping[int, tuple[int, int]]], version: int) -> Answer:
    topic = ListOffsetsResponse.ListOffsetsTopicResponse
    said = [
        topic(
            name=name,
            partitions=[
                topic.ListOffsetsPartitionResponse(partition_index=index, error_code=error, offset=offset)
                for index, (offset, error) in parts.items()
            ],
        )
        for name, parts in topics.items()
    ]
    return Answer(ListOffsetsResponse[version], ListOffsetsResponse(topics=said, throttle_time_ms=7).encode(version))


def fetched(
    groups: Mapping[str, tuple[Mapping[str, Mapping[int, tuple[int, int]]], int]], metadata: str | None, version: int
) -> Answer:
    group = OffsetFetchResponse.OffsetFetchResponseGroup
    topic = group.OffsetFetchResponseTopics
    part = topic.OffsetFetchResponsePartitions

    def parts(found: Mapping[int, tuple[int, int]]) -> list[object]:
        return [
            part(partition_index=index, committed_offset=offset, metadata=metadata, error_code=error)
            for index, (offset, error) in found.items()
        ]

    said = [
        group(
            group_id=name,
            topics=[topic(name=each, partitions=parts(found)) for each, found in topics.items()],
            error_code=error,
        )
        for name, (topics, error) in groups.items()
    ]
    return Answer(OffsetFetchResponse[version], OffsetFetchResponse(groups=said, throttle_time_ms=7).encode(version))


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(NAMES, ENTRIES, max_size=4), st.integers(1, ListOffsetsResponse.max_version))
def test_offsets_are_what_was_said(topics: Mapping[str, Mapping[int, tuple[int, int]]], version: int) -> None:
    answer = ends(topics, version)
    said = {(n, i): offset for n, parts in topics.items() for i, (offset, error) in parts.items() if not error}
    assert offsets(answer) == said
    assert answer.throttle_time_ms == (7 if version >= 2 else 0)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        NAMES, st.tuples(st.dictionaries(NAMES, ENTRIES, max_size=3), st.sampled_from([0, 30])), max_size=3
    ),
    METADATA,
    st.sampled_from([8, 9]),
)
def test_commits_are_what_was_said(
    groups: Mapping[str, tuple[Mapping[str, Mapping[int, tuple[int, int]]], int]], metadata: str | None, version: int
) -> None:
    def told(topics: Mapping[str, Mapping[int, tuple[int, int]]]) -> dict[tuple[str, int], int]:
        found = ((n, i, *said) for n, parts in topics.items() for i, said in parts.items())
        return {(n, i): offset for n, i, offset, error in found if not error and offset >= 0}

    expected = {name: Commits(told(topics), error) for name, (topics, error) in groups.items()}
    assert commits(fetched(groups, metadata, version)) == expected


def test_one_group_at_a_time_as_older_brokers_tell_it() -> None:
    topic = OffsetFetchResponse.OffsetFetchResponseTopic
    part = topic.OffsetFetchResponsePartition
    parts = [
        part(partition_index=0, committed_offset=5, metadata="", error_code=0),
        part(partition_index=1, committed_offset=-1, metadata="", error_code=0),
    ]
    said = OffsetFetchResponse(topics=[topic(name="orders", partitions=parts)]).encode(5)
    assert commits_of_one(Answer(OffsetFetchResponse[5], said)) == Commits({("orders", 0): 5})


def test_fields_that_were_added_later_are_passed_over() -> None:
    plain = ends({"orders": {0: (7, 0)}}, 7).body
    added = b"\x01\x05\x02ab"  # one field, of number 5, two bytes long
    assert offsets(Answer(ListOffsetsResponse[7], plain[:-3] + added * 3)) == {("orders", 0): 7}


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60))
def test_nonsense_is_a_protocol_error_or_nothing(body: bytes) -> None:
    for answer in (Answer(ListOffsetsResponse[7], body), Answer(OffsetFetchResponse[9], body)):
        try:
            (offsets if answer.kind.API_KEY == ListOffsetsResponse.API_KEY else commits)(answer)
        except KafkaProtocolError:
            continue


@pytest.mark.parametrize(
    "body", [struct.pack(">i", 0) + b"\xff" * 2**20, struct.pack(">i", 0) + b"\xff\xff\xff\xff\x0f"]
)
def test_a_number_without_an_end_and_a_list_without_its_entries_are_refused_at_once(body: bytes) -> None:
    with pytest.raises(KafkaProtocolError):
        offsets(Answer(ListOffsetsResponse[7], body))


def test_what_was_said_before_is_not_read_again() -> None:
    last, read = Last(), 0

    def reading(answer: Answer) -> object:
        nonlocal read
        read += 1
        return offsets(answer)

    def end(offset: int) -> Answer:
        return ends({"orders": {0: (offset, 0)}}, 7)

    assert last.of("end", 1, end(7), reading) is last.of("end", 1, end(7), reading)
    assert last.of("end", 1, end(8), reading) == {("orders", 0): 8}
    assert last.of("end", 2, end(8), reading) == {("orders", 0): 8}
    assert last.of("low", 1, end(8), reading) == {("orders", 0): 8}
    assert read == 4
