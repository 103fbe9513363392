"""Answers to those who may not change what they ask to change: each API says no in a shape of its own.

Reading and writing are refused partition by partition where they are handled; here is what concerns whole resources.
"""

from __future__ import annotations

from collections.abc import Callable

from kafka.protocol import admin, producer

from connectors.simulator.kafka.codes import Code
from connectors.simulator.kafka.session import Message, Session

BROKER = 4  # kind of resource
_TOPIC, _CLUSTER = Code.TOPIC_AUTHORIZATION_FAILED, Code.CLUSTER_AUTHORIZATION_FAILED
_WHY = "Authorization failed."


def refused(session: Session, request: Message, version: int) -> Message | None:
    """The refusal, or None: this user may, or the handler is to refuse it."""
    say = None if session.allowed else _REFUSALS.get(type(request))
    return say(request, version) if say else None


def _create_topics(request: Message, version: int) -> Message:
    shape = admin.CreateTopicsResponse.CreatableTopicResult
    topics = [shape(name=wish.name, error_code=_TOPIC, error_message=_WHY, configs=[]) for wish in request.topics]
    return admin.CreateTopicsResponse(version=version, topics=topics)


def _delete_topics(request: Message, version: int) -> Message:
    shape = admin.DeleteTopicsResponse.DeletableTopicResult
    names = [topic.name for topic in request.topics] if version >= 6 else request.topic_names
    responses = [shape(name=name, error_code=_TOPIC, error_message=_WHY) for name in names]
    return admin.DeleteTopicsResponse(version=version, responses=responses)


def _create_partitions(request: Message, version: int) -> Message:
    shape = admin.CreatePartitionsResponse.CreatePartitionsTopicResult
    results = [shape(name=topic.name, error_code=_TOPIC, error_message=_WHY) for topic in request.topics]
    return admin.CreatePartitionsResponse(version=version, results=results)


def _alter_configs(request: Message, version: int) -> Message:
    incremental = isinstance(request, admin.IncrementalAlterConfigsRequest)
    response = admin.IncrementalAlterConfigsResponse if incremental else admin.AlterConfigsResponse
    shape = response.AlterConfigsResourceResponse
    responses = [
        shape(
            error_code=_CLUSTER if resource.resource_type == BROKER else _TOPIC,
            error_message=_WHY,
            resource_type=resource.resource_type,
            resource_name=resource.resource_name,
        )
        for resource in request.resources
    ]
    return response(version=version, responses=responses)


def _alter_client_quotas(request: Message, version: int) -> Message:
    shape = admin.AlterClientQuotasResponse.EntryData
    entries = [
        shape(
            error_code=_CLUSTER,
            error_message=_WHY,
            entity=[
                shape.EntityData(entity_type=part.entity_type, entity_name=part.entity_name) for part in entry.entity
            ],
        )
        for entry in request.entries
    ]
    return admin.AlterClientQuotasResponse(version=version, entries=entries)


def _elect_leaders(request: Message, version: int) -> Message:
    return admin.ElectLeadersResponse(version=version, error_code=_CLUSTER, replica_election_results=[])


def _init_producer_id(request: Message, version: int) -> Message:
    transactional = request.transactional_id is not None
    error = Code.TRANSACTIONAL_ID_AUTHORIZATION_FAILED if transactional else _CLUSTER
    return producer.InitProducerIdResponse(version=version, error_code=error, producer_id=-1, producer_epoch=-1)


_REFUSALS: dict[type, Callable[[Message, int], Message]] = {
    admin.CreateTopicsRequest: _create_topics,
    admin.DeleteTopicsRequest: _delete_topics,
    admin.CreatePartitionsRequest: _create_partitions,
    admin.AlterConfigsRequest: _alter_configs,
    admin.IncrementalAlterConfigsRequest: _alter_configs,
    admin.AlterClientQuotasRequest: _alter_client_quotas,
    admin.ElectLeadersRequest: _elect_leaders,
    producer.InitProducerIdRequest: _init_producer_id,
}
