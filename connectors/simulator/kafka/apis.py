"""The table of APIs that this broker serves, and the one function from a request's bytes to the answer's.

One handler an API serves all its versions: the codec leaves out what a version does not have.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from kafka.protocol import admin, consumer, metadata, producer, sasl

from connectors.simulator.kafka import (
    api_cluster,
    api_configs,
    api_fetch,
    api_groups,
    api_logs,
    api_membership,
    api_offsets,
    api_produce,
    api_quotas,
    api_replicas,
    api_security,
    api_topics,
    api_transactions,
)
from connectors.simulator.kafka.codes import Code
from connectors.simulator.kafka.later import Later
from connectors.simulator.kafka.nulls import forbidden_null, suspects
from connectors.simulator.kafka.refusals import refused
from connectors.simulator.kafka.rights import needed
from connectors.simulator.kafka.scram import Unproved
from connectors.simulator.kafka.session import Message, Session

LARGEST_QUESTION = 2**20  # bytes of a request, unless it brings records; a longer one would hold everybody up
_PREFIX = struct.Struct(">hhi")  # api key, version, correlation id
_ApiVersions = metadata.ApiVersionsResponse


class Malformed(Exception):
    """Bytes that are no request, or one that this broker does not serve: the connection is closed, as by a real one."""


@dataclass(frozen=True, slots=True)
class Api:
    """``response`` class and handler of one request; a handler answers a message, None for nothing, or a ``Later``.

    ``oldest`` and ``newest`` are advertised in place of the codec's own, if given.
    """

    request: Message
    response: Message
    handle: Callable[[Session, Message, int], Message]
    oldest: int | None = None
    newest: int | None = None
    open: bool = False  # served before the client has proved who it is

    @property
    def key(self) -> int:
        return int(self.request.API_KEY)

    @property
    def versions(self) -> tuple[int, int]:
        """Oldest and newest version that are served."""
        low, high = self.request.valid_versions
        return int(low), int(high) if self.newest is None else self.newest


@dataclass(frozen=True, slots=True)
class Answer:
    frame: bytes  # empty: nothing is sent
    mute: float = 0.0  # seconds for which the client is not listened to afterwards: it is over its quota
    later: Later | None = None  # the message that is still to come, which ``encode`` makes an answer of
    encode: Callable[[Message], Answer] = lambda message: Answer(b"")


def api_versions(session: Session, request: Message, version: int) -> Message:
    return _ApiVersions(version=version, error_code=Code.NONE, api_keys=_advertised(session))


def _advertised(session: Session) -> list[Message]:
    shape = _ApiVersions.ApiVersion
    return [
        shape(api_key=api.key, min_version=low if api.oldest is None else api.oldest, max_version=high)
        for api in APIS.values()
        for low, high in _served(session, api)
    ]


def _served(session: Session, api: Api) -> list[tuple[int, int]]:
    """Oldest and newest version, as far as this broker is to be an older one; empty: it does not have the API."""
    low, high = api.versions
    if session.offered is None:
        return [(low, high)]
    oldest, newest = session.offered.get(api.key, (0, -1))
    return [(max(low, oldest), min(high, newest))] if newest >= low else []


_TABLE = (
    # librdkafka takes a broker without the oldest Produce for one that lacks format 2; real brokers say 0 for that too
    Api(producer.ProduceRequest, producer.ProduceResponse, api_produce.produce, oldest=0),
    Api(consumer.FetchRequest, consumer.FetchResponse, api_fetch.fetch),
    Api(consumer.ListOffsetsRequest, consumer.ListOffsetsResponse, api_logs.list_offsets),
    Api(metadata.MetadataRequest, metadata.MetadataResponse, api_cluster.metadata),
    Api(consumer.OffsetCommitRequest, consumer.OffsetCommitResponse, api_offsets.offset_commit),
    Api(consumer.OffsetFetchRequest, consumer.OffsetFetchResponse, api_offsets.offset_fetch),
    Api(metadata.FindCoordinatorRequest, metadata.FindCoordinatorResponse, api_groups.find_coordinator),
    Api(consumer.JoinGroupRequest, consumer.JoinGroupResponse, api_membership.join_group),
    Api(consumer.HeartbeatRequest, consumer.HeartbeatResponse, api_membership.heartbeat),
    Api(consumer.LeaveGroupRequest, consumer.LeaveGroupResponse, api_membership.leave_group),
    Api(consumer.SyncGroupRequest, consumer.SyncGroupResponse, api_membership.sync_group),
    Api(admin.DescribeGroupsRequest, admin.DescribeGroupsResponse, api_groups.describe_groups),
    Api(admin.ListGroupsRequest, admin.ListGroupsResponse, api_groups.list_groups),
    Api(sasl.SaslHandshakeRequest, sasl.SaslHandshakeResponse, api_security.sasl_handshake, open=True),
    Api(metadata.ApiVersionsRequest, _ApiVersions, api_versions, open=True),
    Api(admin.CreateTopicsRequest, admin.CreateTopicsResponse, api_cluster.create_topics),
    Api(admin.DeleteRecordsRequest, admin.DeleteRecordsResponse, api_logs.delete_records),
    Api(
        producer.InitProducerIdRequest,
        producer.InitProducerIdResponse,
        api_transactions.init_producer_id,
        newest=api_transactions.NEWEST_INIT,
    ),
    Api(
        producer.AddPartitionsToTxnRequest,
        producer.AddPartitionsToTxnResponse,
        api_transactions.add_partitions,
        newest=api_transactions.NEWEST_ADD_PARTITIONS,
    ),
    Api(
        producer.AddOffsetsToTxnRequest,
        producer.AddOffsetsToTxnResponse,
        api_transactions.add_offsets,
        newest=api_transactions.NEWEST_ADD_OFFSETS,
    ),
    Api(
        producer.EndTxnRequest,
        producer.EndTxnResponse,
        api_transactions.end_txn,
        newest=api_transactions.NEWEST_END,
    ),
    Api(
        producer.TxnOffsetCommitRequest,
        producer.TxnOffsetCommitResponse,
        api_transactions.txn_offset_commit,
        newest=api_transactions.NEWEST_OFFSETS,
    ),
    Api(admin.DescribeConfigsRequest, admin.DescribeConfigsResponse, api_configs.describe_configs),
    Api(sasl.SaslAuthenticateRequest, sasl.SaslAuthenticateResponse, api_security.sasl_authenticate, open=True),
    Api(admin.DeleteGroupsRequest, admin.DeleteGroupsResponse, api_groups.delete_groups),
    Api(consumer.OffsetDeleteRequest, consumer.OffsetDeleteResponse, api_offsets.offset_delete),
    Api(admin.AlterConfigsRequest, admin.AlterConfigsResponse, api_configs.alter_configs),
    Api(
        admin.IncrementalAlterConfigsRequest,
        admin.IncrementalAlterConfigsResponse,
        api_configs.incremental_alter_configs,
    ),
    Api(admin.DescribeClientQuotasRequest, admin.DescribeClientQuotasResponse, api_quotas.describe_client_quotas),
    Api(admin.AlterClientQuotasRequest, admin.AlterClientQuotasResponse, api_quotas.alter_client_quotas),
    Api(admin.CreatePartitionsRequest, admin.CreatePartitionsResponse, api_topics.create_partitions),
    Api(admin.DeleteTopicsRequest, admin.DeleteTopicsResponse, api_topics.delete_topics),
    Api(admin.DescribeLogDirsRequest, admin.DescribeLogDirsResponse, api_topics.describe_log_dirs),
    Api(admin.DescribeClusterRequest, admin.DescribeClusterResponse, api_cluster.describe_cluster),
    Api(admin.DescribeAclsRequest, admin.DescribeAclsResponse, api_security.describe_acls),
    Api(admin.ElectLeadersRequest, admin.ElectLeadersResponse, api_replicas.elect_leaders),
    Api(
        admin.ListPartitionReassignmentsRequest,
        admin.ListPartitionReassignmentsResponse,
        api_replicas.list_partition_reassignments,
    ),
    Api(
        consumer.OffsetForLeaderEpochRequest,
        consumer.OffsetForLeaderEpochResponse,
        api_replicas.offset_for_leader_epoch,
    ),
)
APIS = {api.key: api for api in _TABLE}


def answer(session: Session, frame: bytes) -> Answer:
    """What this broker says to one request (without its length). Raises Malformed: the connection is to be closed."""
    if session.bare_tokens:
        return _token(session, frame)
    if len(frame) < _PREFIX.size:
        raise Malformed("shorter than a request header")
    key, version, correlation = _PREFIX.unpack_from(frame)
    api = APIS.get(key)
    served = _served(session, api) if api else []
    if api is None or not served or not (session.may_ask or api.open):
        raise Malformed(f"api {key} is not served here")
    if len(frame) > LARGEST_QUESTION and api.request is not producer.ProduceRequest:
        raise Malformed(f"{len(frame)} bytes for api {key}")
    if not served[0][0] <= version <= served[0][1]:
        return Answer(_unsupported(session, correlation, key, version))
    request = _decoded(api, frame, version)
    session.doing = needed(key)
    response = refused(session, request, version) or api.handle(session, request, version)
    if isinstance(response, Later):
        if not response.given:
            return Answer(b"", later=response, encode=partial(_answered, correlation=correlation))
        response = response.message
    return _answered(response, correlation)


def _answered(response: Message, correlation: int) -> Answer:
    if response is None:
        return Answer(b"")
    return Answer(_encoded(response, correlation), mute=getattr(response, "throttle_time_ms", 0) / 1000)


def _token(session: Session, token: bytes) -> Answer:
    """A step of SASL as the oldest handshake has it: a token and no header. A refusal has no words there."""
    try:
        answer = session.prove(token)
    except Unproved as error:
        raise Malformed("not proved") from error
    return Answer(struct.pack(">i", len(answer)) + answer)


def _unsupported(session: Session, correlation: int, key: int, version: int) -> bytes:
    """An unknown version of ApiVersions is answered in version 0 with the ones there are; of others, not at all."""
    api = APIS[key]
    if api.request is not metadata.ApiVersionsRequest:
        raise Malformed(f"version {version} of api {key} is not served here")
    response = _ApiVersions(version=0, error_code=Code.UNSUPPORTED_VERSION, api_keys=[])
    response.api_keys = [each for each in _advertised(session) if each.api_key == api.key]
    return _encoded(response, correlation)


def _decoded(api: Api, frame: bytes, version: int) -> Message:
    try:
        request = api.request.decode(frame, version=version, header=True)
    except Exception as error:  # strangers' bytes: the codec fails in whatever way they make it
        raise Malformed(f"{type(error).__name__} in version {version} of api {api.key}") from error
    null = forbidden_null(suspects(api.request, version), request)
    if null:
        raise Malformed(f"{null} must not be null in version {version} of api {api.key}")
    return request


def _encoded(response: Message, correlation: int) -> bytes:
    response.with_header(correlation_id=correlation)
    return bytes(response.encode(framed=True, header=True))
