"""Groups, transactions, settings and quotas by the request: simulated brokers and a real one answer the same."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
from kafka.protocol import admin, consumer, metadata, producer

from connectors.simulator.kafka.api_configs import APPEND, DELETE, SET
from connectors.simulator.kafka.api_quotas import EXACT
from connectors.simulator.kafka.quotas import PRODUCE
from tests.connectors.simulator import sim_kafka_requests as requests
from tests.connectors.simulator.kafka_estate import PATIENCE, served
from tests.connectors.simulator.sim_kafka_talk import Talk, talk

PASSING = {3, 5, 6, 14, 15, 16, 51}  # a real broker's words for "not yet"


@pytest.fixture(params=["simulated", pytest.param("real", marks=pytest.mark.real("kafka"))])
async def bootstrap(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    if request.param == "real":
        yield request.getfixturevalue("real_kafka")
        return
    async with served() as wire:
        yield wire.bootstrap[0]


async def coordinator(bootstrap: str, key: str, kind: int = 0) -> str:
    """Where to ask for this group (0) or transactional id (1); a fresh real cluster knows it a little later."""
    async with talk(bootstrap) as to:
        deadline = time.monotonic() + PATIENCE
        while True:
            said = await to.ask(metadata.FindCoordinatorRequest(key=key, key_type=kind), 3)
            if said.error_code not in PASSING:
                assert said.error_code == 0
                return f"{said.host}:{said.port}"
            assert time.monotonic() < deadline


async def topic(bootstrap: str) -> tuple[str, str]:
    """A new topic with one partition, and its leader's address."""
    name = f"topic-{uuid.uuid4().hex[:8]}"
    wish = admin.CreateTopicsRequest.CreatableTopic(
        name=name, num_partitions=1, replication_factor=1, assignments=[], configs=[]
    )
    async with talk(bootstrap) as to:
        await to.ask(admin.CreateTopicsRequest(topics=[wish], timeout_ms=10_000), 5)
        deadline = time.monotonic() + PATIENCE
        while True:
            asked = metadata.MetadataRequest.MetadataRequestTopic(name=name)
            said = await to.ask(metadata.MetadataRequest(topics=[asked], allow_auto_topic_creation=False), 9)
            if said.topics[0].error_code == 0 and said.topics[0].partitions[0].error_code == 0:
                leader = said.topics[0].partitions[0].leader_id
                return name, next(f"{node.host}:{node.port}" for node in said.brokers if node.node_id == leader)
            assert time.monotonic() < deadline


def commit(name: str, group: str, member: str = "", generation: int = -1) -> Any:
    shape = consumer.OffsetCommitRequest.OffsetCommitRequestTopic
    part = shape.OffsetCommitRequestPartition(partition_index=0, committed_offset=3, committed_metadata="")
    return consumer.OffsetCommitRequest(
        group_id=group,
        member_id=member,
        generation_id_or_member_epoch=generation,
        group_instance_id=None,
        topics=[shape(name=name, partitions=[part])],
    )


async def test_a_members_life(bootstrap: str) -> None:
    name, _ = await topic(bootstrap)
    group = f"group-{uuid.uuid4().hex[:8]}"
    async with talk(await coordinator(bootstrap, group)) as one:

        async def committed(member: str, generation: int) -> int:
            asked = commit(name, group, member, generation)
            deadline = time.monotonic() + PATIENCE
            while (code := (await one.ask(asked, 7)).topics[0].partitions[0].error_code) in PASSING:
                assert time.monotonic() < deadline
            return int(code)

        async def beat(member: str, generation: int) -> int:
            return int((await one.ask(requests.heartbeat(member, generation, group), 3)).error_code)

        assert await committed("", 5) == 22
        assert await beat("nobody", 1) == 25
        named = await one.ask(requests.join(group=group), 5)
        assert (named.error_code, bool(named.member_id), named.generation_id) == (79, True, -1)
        me = named.member_id
        joined = await one.ask(requests.join(me, group), 5)
        assert (joined.error_code, joined.leader, joined.protocol_name) == (0, me, "range")
        assert [member.member_id for member in joined.members] == [me]
        generation = joined.generation_id
        assert await committed(me, generation) == 27
        assert await beat(me, generation) == 0
        assert (await one.ask(requests.sync("nobody", generation, group=group), 3)).error_code == 25
        assert (await one.ask(requests.sync(me, generation + 1, group=group), 3)).error_code == 22
        synced = await one.ask(requests.sync(me, generation, {me: b"mine"}, group), 3)
        assert (synced.error_code, bytes(synced.assignment)) == (0, b"mine")
        assert await committed(me, generation) == 0
        assert await committed(me, generation - 1) == 22
        assert await committed("", -1) == 25
        assert await beat(me, generation + 1) == 22
        refused = await one.ask(requests.join("nobody", group), 5)
        assert refused.error_code == 25
        assert (await one.ask(admin.DeleteGroupsRequest(groups_names=[group]), 1)).results[0].error_code == 68
        left = await one.ask(requests.leave(me, group), 3)
        assert (left.error_code, left.members[0].error_code) == (0, 0)
        left = await one.ask(requests.leave(me, group), 3)
        assert (left.error_code, left.members[0].error_code) == (0, 25)
        assert await beat(me, generation) == 25
        assert await committed("", -1) == 0
        deleted = await one.ask(requests.offset_delete(group, name), 0)
        assert (deleted.error_code, deleted.topics[0].partitions[0].error_code) == (0, 0)
        assert (await one.ask(admin.DeleteGroupsRequest(groups_names=[group]), 1)).results[0].error_code == 69
        assert await committed("", -1) == 0
        assert (await one.ask(admin.DeleteGroupsRequest(groups_names=[group]), 1)).results[0].error_code == 0
        assert (await one.ask(admin.DeleteGroupsRequest(groups_names=[group]), 1)).results[0].error_code == 69


async def test_two_members_rebalance(bootstrap: str) -> None:
    group = f"group-{uuid.uuid4().hex[:8]}"
    address = await coordinator(bootstrap, group)
    async with talk(address) as one, talk(address) as two:
        first = await one.ask(requests.join(group=group), 3)
        await one.ask(requests.sync(first.member_id, first.generation_id, {first.member_id: b"all"}, group), 3)
        waiting = asyncio.ensure_future(two.ask(requests.join(group=group), 3))
        deadline = time.monotonic() + PATIENCE
        while (await one.ask(requests.heartbeat(first.member_id, first.generation_id, group), 3)).error_code != 27:
            assert time.monotonic() < deadline
        again = await one.ask(requests.join(first.member_id, group), 3)
        second = await waiting
        assert again.generation_id == second.generation_id == first.generation_id + 1
        assert (again.leader, second.leader) == (first.member_id, first.member_id)
        assert (len(again.members), len(second.members)) == (2, 0)
        held = asyncio.ensure_future(two.ask(requests.sync(second.member_id, second.generation_id, {}, group), 3))
        dealt = {first.member_id: b"a", second.member_id: b"b"}
        mine = await one.ask(requests.sync(first.member_id, again.generation_id, dealt, group), 3)
        assert (bytes(mine.assignment), bytes((await held).assignment)) == (b"a", b"b")
        inconsistent = requests.join(group=group)
        inconsistent.protocols[0].name = "other"
        assert (await two.ask(inconsistent, 3)).error_code == 23
        assert (await two.ask(requests.join(group=group, session=1.0), 3)).error_code == 26


async def test_a_transactional_id_and_its_fences(bootstrap: str) -> None:
    id = f"txn-{uuid.uuid4().hex[:8]}"
    name, _ = await topic(bootstrap)
    async with talk(await coordinator(bootstrap, id, kind=1)) as to:

        async def begin() -> Any:
            asked = producer.InitProducerIdRequest(
                transactional_id=id, transaction_timeout_ms=10_000, producer_id=-1, producer_epoch=-1
            )
            deadline = time.monotonic() + PATIENCE
            while (said := await to.ask(asked, 3)).error_code in PASSING:
                assert time.monotonic() < deadline
            return said

        async def added(topic: str, epoch: int) -> int:
            asked = requests.add_partitions(id, first.producer_id, epoch, topic)
            while (code := (await to.ask(asked, 2)).results_by_topic_v3_and_below[0].results_by_partition[0]) and (
                code.partition_error_code == 51
            ):
                pass
            return int(code.partition_error_code)

        first = await begin()
        assert (first.error_code, first.producer_epoch) == (0, 0)
        second = await begin()
        assert (second.producer_id, second.producer_epoch) == (first.producer_id, 1)
        assert await added(name, 1) == 0
        assert await added(name, 0) == 90
        assert await added("no-such-topic", 1) == 3
        assert (await to.ask(requests.end_txn(id, first.producer_id, 0), 2)).error_code == 90
        assert (await to.ask(requests.end_txn(id, first.producer_id + 10, 1), 2)).error_code == 49
        assert (await to.ask(requests.end_txn(id, first.producer_id, 1), 2)).error_code == 0
        too_long = producer.InitProducerIdRequest(transactional_id=id, transaction_timeout_ms=10**9)
        assert (await to.ask(too_long, 2)).error_code == 50


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("retention.ms", SET, "1000"), 0),
        (("retention.ms", SET, "soon"), 40),
        (("retention.ms", SET, "-2"), 40),
        (("retention.ms", SET, None), 42),
        (("retention.ms", APPEND, "1"), 40),
        (("retention.ms", DELETE, None), 0),
        (("cleanup.policy", APPEND, "compact"), 0),
        (("cleanup.policy", SET, "burn"), 40),
        (("no.such.setting", SET, "1"), 40),
        (("preallocate", SET, "perhaps"), 40),
    ],
)
async def test_a_setting_is_taken_or_refused(bootstrap: str, change: tuple[str, int, str | None], code: int) -> None:
    name, _ = await topic(bootstrap)
    async with talk(bootstrap) as to:
        said = (await to.ask(requests.incremental(change, topic=name), 1)).responses[0]
        assert (said.error_code, said.error_message is None) == (code, code == 0)
        told = (await to.ask(requests.incremental(change, topic="no-such"), 1)).responses[0]
        assert told.error_code == (code or 3)


async def test_settings_have_the_same_names_types_and_defaults(bootstrap: str) -> None:
    name, _ = await topic(bootstrap)
    shape = admin.DescribeConfigsRequest.DescribeConfigsResource
    asked = admin.DescribeConfigsRequest(
        resources=[shape(resource_type=2, resource_name=name, configuration_keys=None)], include_synonyms=True
    )
    async with talk(bootstrap) as to:
        found = {config.name: config for config in (await to.ask(asked, 4)).results[0].configs}
    for setting, value, kind in [
        ("retention.ms", "604800000", 5),
        ("retention.bytes", "-1", 5),
        ("cleanup.policy", "delete", 7),
        ("max.message.bytes", "1048588", 3),
        ("min.cleanable.dirty.ratio", "0.5", 6),
        ("min.insync.replicas", "1", 3),
        ("message.timestamp.type", "CreateTime", 2),
        ("preallocate", "false", 1),
        ("segment.bytes", "1073741824", 3),
    ]:
        config = found[setting]
        assert (config.value, config.config_type, config.config_source) == (value, kind, 5), setting


@pytest.mark.parametrize(
    ("entity", "changes", "code"),
    [
        ({"client-id": "a"}, {PRODUCE: 1000.0}, 0),
        ({"client-id": None}, {PRODUCE: 1000.0}, 0),
        ({"user": "u", "client-id": "a"}, {"request_percentage": 50.0}, 0),
        ({"shoe-size": "44"}, {PRODUCE: 1.0}, 42),
        ({"user": "u"}, {"appetite": 1.0}, 42),
        ({"user": "u"}, {PRODUCE: 0.0}, 42),
        ({"user": "u"}, {PRODUCE: 1.5}, 42),
        ({"ip": "10.0.0.1"}, {PRODUCE: 1.0}, 42),
    ],
)
async def test_a_quota_is_taken_or_refused(bootstrap: str, entity: Any, changes: Any, code: int) -> None:
    async with talk(bootstrap) as to:
        assert (await to.ask(requests.alter_quotas(entity, changes), 1)).entries[0].error_code == code
        asked = requests.describe_quotas(*((type, EXACT if name else 1, name) for type, name in entity.items()))
        deadline = time.monotonic() + PATIENCE
        while code == 0:  # a real broker shows it once its metadata has caught up
            entries = (await to.ask(asked, 1)).entries
            if any({value.key: value.value for value in entry.values} == changes for entry in entries):
                break
            assert time.monotonic() < deadline


@pytest.mark.parametrize("named", [None, ""])  # as librdkafka has it, and as the Java client has it
async def test_a_topic_is_found_by_its_id_alone(bootstrap: str, named: str | None) -> None:
    name, _ = await topic(bootstrap)
    shape = metadata.MetadataRequest.MetadataRequestTopic

    async def asked(to: Talk, one: Any) -> Any:
        return (await to.ask(metadata.MetadataRequest(topics=[one]), 12)).topics[0]

    async with talk(bootstrap) as to:
        id = (await asked(to, shape(name=name))).topic_id
        found = await asked(to, shape(name=named, topic_id=id))
        missing = await asked(to, shape(name=named, topic_id=uuid.uuid4()))
    assert (found.error_code, found.name, found.topic_id) == (0, name, id)
    assert (missing.error_code, missing.name) == (100, None)
