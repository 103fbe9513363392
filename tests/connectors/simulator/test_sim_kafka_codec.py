"""Requests as bytes, without a socket: every API and version there is, and bytes that are no request."""

from __future__ import annotations

import struct
import uuid
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kafka.protocol import admin, consumer, metadata, producer, sasl
from kafka.record.memory_records import MemoryRecordsBuilder

from connectors.simulator.kafka.apis import APIS, Api, Malformed, answer
from connectors.simulator.kafka.cluster import Address, Cluster
from connectors.simulator.kafka.sasl import Accounts
from connectors.simulator.kafka.session import Session
from connectors.simulator.tick import Cache, Group, Partition, Tick
from tests.connectors.simulator.sim_kafka_requests import REQUESTS

CACHE = Cache(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.0)
GROUP = "orders"


def cluster() -> Cluster:
    made = Cluster(seed=7)
    made.addresses = {broker: Address("127.0.0.1", 9090 + broker) for broker in (1, 2, 3)}
    parts = tuple(Partition("orders", n, 5, 100 + n, 40 if n else None) for n in range(8))
    groups = (Group(GROUP, "Stable", 4, parts),)
    made.show(Tick(0, CACHE, groups, counters={"dead_letters": 3}), at=1_000.0)
    made.topics.create("own", 3, {"retention.ms": "1000"})
    return made


def session(broker: int | None = None, known: Cluster | None = None) -> Session:
    known = known or cluster()
    return Session(broker or known.coordinator(GROUP), known, now=lambda: 2_000.0)


def records(count: int = 3) -> bytes:
    builder = MemoryRecordsBuilder(magic=2, compression_type=0, batch_size=1 << 16)
    for number in range(count):
        builder.append(timestamp=1_500, key=None, value=b"%d" % number)
    builder.close()
    return bytes(builder.buffer())


def ask(to: Session, request: Any, version: int) -> Any:
    """One request's way there and back; None when nothing is answered."""
    request.API_VERSION = version
    request.with_header(correlation_id=77, client_id="test")
    said = answer(to, bytes(request.encode(header=True))).frame
    if not said:
        return None
    assert struct.unpack(">i", said[:4])[0] == len(said) - 4
    response = APIS[request.API_KEY].response.decode(said, version=version, header=True, framed=True)
    assert response.header.correlation_id == 77
    response.with_header(correlation_id=77)
    assert bytes(response.encode(framed=True, header=True)) == said, "not all bytes were understood"
    return response


def fetch_request(id: uuid.UUID) -> Any:
    topic = consumer.FetchRequest.FetchTopic
    part = topic.FetchPartition(partition=0, fetch_offset=10, partition_max_bytes=1 << 20)
    return consumer.FetchRequest(
        max_wait_ms=10,
        min_bytes=1,
        topics=[topic(topic="orders", topic_id=id, partitions=[part])],
        forgotten_topics_data=[],
    )


def produce_request(id: uuid.UUID, acks: int = 1, data: bytes | None = None) -> Any:
    topic = producer.ProduceRequest.TopicProduceData
    part = topic.PartitionProduceData(index=0, records=records() if data is None else data)
    return producer.ProduceRequest(
        acks=acks, timeout_ms=10, topic_data=[topic(name="own", topic_id=id, partition_data=[part])]
    )


def offset_fetch_request(id: uuid.UUID) -> Any:
    shape = consumer.OffsetFetchRequest
    old = shape.OffsetFetchRequestTopic(name="orders", partition_indexes=[0, 1])
    new = shape.OffsetFetchRequestGroup.OffsetFetchRequestTopics(name="orders", topic_id=id, partition_indexes=[0, 1])
    group = shape.OffsetFetchRequestGroup(group_id=GROUP, topics=[new])
    return shape(group_id=GROUP, topics=[old], groups=[group])


def offset_commit_request(id: uuid.UUID) -> Any:
    topic = consumer.OffsetCommitRequest.OffsetCommitRequestTopic
    part = topic.OffsetCommitRequestPartition(partition_index=0, committed_offset=3, committed_metadata="")
    return consumer.OffsetCommitRequest(
        group_id=GROUP, member_id="", topics=[topic(name="orders", topic_id=id, partitions=[part])]
    )


def list_offsets_request() -> Any:
    topic = consumer.ListOffsetsRequest.ListOffsetsTopic
    parts = [topic.ListOffsetsPartition(partition_index=n, timestamp=-1) for n in range(8)]
    return consumer.ListOffsetsRequest(topics=[topic(name="orders", partitions=parts)])


def create_request() -> Any:
    topic = admin.CreateTopicsRequest.CreatableTopic
    wish = topic(name="new", num_partitions=2, replication_factor=1, assignments=[], configs=[])
    return admin.CreateTopicsRequest(topics=[wish])


def configs_request() -> Any:
    resource = admin.DescribeConfigsRequest.DescribeConfigsResource
    return admin.DescribeConfigsRequest(
        resources=[resource(resource_type=2, resource_name="own", configuration_keys=None)]
    )


def epoch_request() -> Any:
    topic = consumer.OffsetForLeaderEpochRequest.OffsetForLeaderTopic
    part = topic.OffsetForLeaderPartition(partition=0, current_leader_epoch=0, leader_epoch=0)
    return consumer.OffsetForLeaderEpochRequest(replica_id=-1, topics=[topic(topic="orders", partitions=[part])])


def request_for(api: Api, known: Cluster) -> Any:
    orders, own = known.topics["orders"].id, known.topics["own"].id
    by_request = {
        producer.ProduceRequest: lambda: produce_request(own),
        consumer.FetchRequest: lambda: fetch_request(orders),
        consumer.ListOffsetsRequest: list_offsets_request,
        metadata.MetadataRequest: lambda: metadata.MetadataRequest(
            topics=[metadata.MetadataRequest.MetadataRequestTopic(name="orders")]
        ),
        consumer.OffsetCommitRequest: lambda: offset_commit_request(orders),
        consumer.OffsetFetchRequest: lambda: offset_fetch_request(orders),
        metadata.FindCoordinatorRequest: lambda: metadata.FindCoordinatorRequest(key=GROUP, coordinator_keys=[GROUP]),
        admin.DescribeGroupsRequest: lambda: admin.DescribeGroupsRequest(groups=[GROUP, "none"]),
        admin.ListGroupsRequest: lambda: admin.ListGroupsRequest(states_filter=[], types_filter=[]),
        sasl.SaslHandshakeRequest: lambda: sasl.SaslHandshakeRequest(mechanism="PLAIN"),
        metadata.ApiVersionsRequest: lambda: metadata.ApiVersionsRequest(
            client_software_name="test", client_software_version="1"
        ),
        admin.CreateTopicsRequest: create_request,
        producer.InitProducerIdRequest: lambda: producer.InitProducerIdRequest(
            transactional_id=None, transaction_timeout_ms=1
        ),
        admin.DescribeConfigsRequest: configs_request,
        sasl.SaslAuthenticateRequest: lambda: sasl.SaslAuthenticateRequest(auth_bytes=b"\0u\0p"),
        admin.DeleteGroupsRequest: lambda: admin.DeleteGroupsRequest(groups_names=["none"]),
        admin.DescribeClusterRequest: admin.DescribeClusterRequest,
        admin.DescribeAclsRequest: lambda: admin.DescribeAclsRequest(
            resource_type_filter=1, pattern_type_filter=1, operation=1, permission_type=1
        ),
        admin.ElectLeadersRequest: lambda: admin.ElectLeadersRequest(
            election_type=0, topic_partitions=None, timeout_ms=1000
        ),
        admin.ListPartitionReassignmentsRequest: lambda: admin.ListPartitionReassignmentsRequest(
            timeout_ms=1000, topics=None
        ),
        consumer.OffsetForLeaderEpochRequest: epoch_request,
    }
    return {**REQUESTS, **by_request}[api.request]()


EVERY = [(api, version) for api in APIS.values() for version in range(api.versions[0], api.versions[1] + 1)]


@pytest.mark.parametrize(
    ("api", "version"), EVERY, ids=[f"{api.request.__name__}-v{version}" for api, version in EVERY]
)
def test_every_version_goes_there_and_back(api: Api, version: int) -> None:
    known = cluster()
    broker = known.leader("own", 0) if api.request is producer.ProduceRequest else None
    assert ask(session(broker, known), request_for(api, known), version) is not None


@pytest.mark.parametrize("version", range(1, 12))
def test_offsets_come_from_the_leader_alone_in_every_version(version: int) -> None:
    known = cluster()
    for broker in (1, 2, 3):
        said = ask(session(broker, known), list_offsets_request(), version)
        for part in said.topics[0].partitions:
            led = known.leader("orders", part.partition_index) == broker
            assert (part.error_code, part.offset) == ((0, 100 + part.partition_index) if led else (6, -1))


@pytest.mark.parametrize("version", range(1, 11))
def test_committed_offsets_in_every_version(version: int) -> None:
    known = cluster()
    said = ask(session(known=known), offset_fetch_request(known.topics["orders"].id), version)
    topic = (said.groups[0] if version >= 8 else said).topics[0]
    assert [part.committed_offset for part in topic.partitions] == [-1, 40]


def test_a_group_is_listed_by_its_coordinator_alone() -> None:
    known = cluster()
    listed = {
        broker: [g.group_id for g in ask(session(broker, known), admin.ListGroupsRequest(), 5).groups]
        for broker in (1, 2, 3)
    }
    assert [listed.pop(known.coordinator(GROUP)), *listed.values()] == [[GROUP], [], []]


def test_an_unknown_version_of_api_versions_is_answered_in_version_0_with_error_35() -> None:
    frame = struct.pack(">hhi", 18, 99, 5) + b"\xff\xff" + b"whatever"
    said = answer(session(), frame).frame
    response = metadata.ApiVersionsResponse.decode(said, version=0, header=True, framed=True)
    assert response.error_code == 35
    assert [(key.api_key, key.max_version) for key in response.api_keys] == [(18, 4)]


@pytest.mark.parametrize(("key", "version"), [(3, 99), (3, -1), (4, 0), (-1, 0), (999, 0)])
def test_what_is_not_served_ends_the_connection(key: int, version: int) -> None:
    with pytest.raises(Malformed):
        answer(session(), struct.pack(">hhi", key, version, 1) + b"\0\0")


def test_a_null_where_the_protocol_has_none_is_malformed() -> None:
    for groups in (b"\xff\xff\xff\xff", b"\0\0\0\1\xff\xff"):  # a null array; an array of one null string
        with pytest.raises(Malformed, match="null"):
            answer(session(), struct.pack(">hhi", 15, 0, 1) + b"\xff\xff" + groups)


def test_before_the_password_only_the_way_in_is_open() -> None:
    to = session()
    to.accounts = Accounts(7, {"u": "p"})
    assert ask(to, metadata.ApiVersionsRequest(client_software_name="t", client_software_version="1"), 3)
    with pytest.raises(Malformed):
        ask(to, metadata.MetadataRequest(topics=None), 9)
    ask(to, sasl.SaslHandshakeRequest(mechanism="PLAIN"), 1)
    assert ask(to, sasl.SaslAuthenticateRequest(auth_bytes=b"\0u\0wrong"), 2).error_code == 58
    assert to.closing
    assert ask(to, sasl.SaslAuthenticateRequest(auth_bytes=b"\0u\0p"), 2).error_code == 0
    assert ask(to, metadata.MetadataRequest(topics=None), 9).topics


def test_written_records_are_read_back_and_counted() -> None:
    known = cluster()
    to = session(known.leader("own", 0), known)
    own = known.topics["own"].id
    bases = [ask(to, produce_request(own), 9).responses[0].partition_responses[0].base_offset for _ in range(2)]
    assert bases == [0, 3]
    assert known.topics["own"].logs[0].end == 6
    assert ask(to, produce_request(own, acks=0), 9) is None
    assert known.topics["own"].logs[0].end == 9


@pytest.mark.parametrize("spoil", [0, 20, 40, 65])
def test_a_spoilt_batch_is_refused_and_not_written(spoil: int) -> None:
    known = cluster()
    data = bytearray(records())
    data[spoil] ^= 0xFF
    request = produce_request(known.topics["own"].id, data=bytes(data[:-1] if spoil == 0 else data))
    said = ask(session(known.leader("own", 0), known), request, 9)
    assert said.responses[0].partition_responses[0].error_code == 2
    assert known.topics["own"].logs[0].end == 0


def test_the_dictated_topics_are_not_for_writing() -> None:
    known = cluster()
    topic = producer.ProduceRequest.TopicProduceData
    part = topic.PartitionProduceData(index=0, records=records())
    request = producer.ProduceRequest(acks=1, timeout_ms=1, topic_data=[topic(name="orders", partition_data=[part])])
    said = ask(session(known.leader("orders", 0), known), request, 9)
    assert said.responses[0].partition_responses[0].error_code == 44


def test_the_same_seed_makes_the_same_cluster() -> None:
    assert [cluster().id, cluster().groups[GROUP].workers] == [cluster().id, cluster().groups[GROUP].workers]
    assert Cluster(1).id != Cluster(2).id


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_no_bytes_bring_the_broker_down(data: st.DataObject) -> None:
    """Cut, stretched and spoilt requests end in an answer or a closed connection."""
    known = cluster()
    api, version = data.draw(st.sampled_from(EVERY))
    request = request_for(api, known)
    request.API_VERSION = version
    request.with_header(correlation_id=1, client_id="test")
    frame = bytearray(request.encode(header=True))
    for place in data.draw(st.lists(st.integers(8, max(8, len(frame) - 1)), max_size=3)):
        if place < len(frame):
            frame[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(frame)))
    end = data.draw(st.binary(max_size=8))
    try:
        answer(session(known=known), bytes(frame[:cut]) + end)
    except Malformed:
        return


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60))
def test_noise_is_malformed_or_answered(noise: bytes) -> None:
    try:
        answer(session(), noise)
    except Malformed:
        return
