"""Client quotas as operators see and set them."""

from __future__ import annotations

import math
from collections.abc import Iterable

from kafka.protocol.admin import AlterClientQuotasResponse, DescribeClientQuotasResponse

from connectors.simulator.kafka.codes import Code
from connectors.simulator.kafka.quotas import CLIENT as CLIENT_ID
from connectors.simulator.kafka.quotas import IP, USER, Entity, Part, Refused
from connectors.simulator.kafka.session import Message, Session

EXACT, FOR_DEFAULT, ANY = 0, 1, 2  # how a name is asked for


def describe_client_quotas(session: Session, request: Message, version: int) -> Message:
    try:
        parts = _parts(request.components)
    except Refused as refused:
        return DescribeClientQuotasResponse(
            version=version, error_code=Code.INVALID_REQUEST, error_message=str(refused), entries=None
        )
    shape = DescribeClientQuotasResponse.EntryData
    entries = [
        shape(
            entity=[shape.EntityData(entity_type=type, entity_name=name) for type, name in _ordered(entity)],
            values=[shape.ValueData(key=key, value=value) for key, value in sorted(values.items())],
        )
        for entity, values in session.cluster.quotas.matching(parts, request.strict)
    ]
    return DescribeClientQuotasResponse(version=version, error_code=Code.NONE, error_message=None, entries=entries)


def _parts(components: Iterable[Message]) -> list[Part]:
    parts = [_part(one) for one in components]
    types = [part.type for part in parts]
    if len(types) != len(set(types)):
        raise Refused("Duplicate entity type in the filter")
    if IP in types and len(types) > 1:
        raise Refused("Invalid entity filter: ip goes with nothing else")
    return parts


def _part(component: Message) -> Part:
    if component.entity_type not in (USER, CLIENT_ID, IP):
        raise Refused(f"Unsupported entity type: {component.entity_type}")
    if component.match_type not in (EXACT, FOR_DEFAULT, ANY):
        raise Refused(f"Unknown match type: {component.match_type}")
    if (component.match is None) is (component.match_type == EXACT):
        raise Refused("A name belongs to an exact match and to no other")
    return Part(component.entity_type, component.match, exact=component.match_type != ANY)


def _ordered(entity: Entity) -> list[tuple[str, str | None]]:
    return sorted(entity, key=lambda part: (part[0] == CLIENT_ID, part[0]))


def alter_client_quotas(session: Session, request: Message, version: int) -> Message:
    """Each entry stands for itself: one that is refused keeps no other out."""
    entries = [_altered(session, entry, request.validate_only) for entry in request.entries]
    return AlterClientQuotasResponse(version=version, entries=entries)


def _altered(session: Session, entry: Message, validate_only: bool) -> Message:
    entity = [(part.entity_type, part.entity_name) for part in entry.entity]
    changes = {op.key: None if op.remove else _finite(op.value) for op in entry.ops}
    quotas = session.cluster.quotas
    code, reason = Code.NONE, None
    try:
        if len(changes) != len(entry.ops):
            raise Refused("Duplicate quota key")
        (quotas.check if validate_only else quotas.alter)(entity, changes)
    except Refused as refused:
        code, reason = Code.INVALID_REQUEST, str(refused)
    shape = AlterClientQuotasResponse.EntryData
    return shape(
        error_code=code,
        error_message=reason,
        entity=[shape.EntityData(entity_type=type, entity_name=name) for type, name in entity],
    )


def _finite(value: float) -> float:
    """What is no number is no quota: it is refused as nothing above 0 would be."""
    return value if math.isfinite(value) else 0.0
