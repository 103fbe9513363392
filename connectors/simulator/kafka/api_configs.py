"""Settings of topics and brokers, shown with their sources and changed.

What was set on a topic holds at once, as far as the simulated logs know of it. A broker's settings are kept and
shown; the simulated brokers do not go by them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from kafka.protocol.admin import AlterConfigsResponse, DescribeConfigsResponse, IncrementalAlterConfigsResponse

from connectors.simulator.kafka.codes import Code
from connectors.simulator.kafka.session import Message, Session
from connectors.simulator.kafka.settings import BROKER_SETTINGS, TOPIC_SETTINGS, Setting, Type

TOPIC, BROKER = 2, 4  # kinds of resource
DYNAMIC_TOPIC, DYNAMIC_BROKER, DYNAMIC_DEFAULT_BROKER, DEFAULT = 1, 2, 3, 5  # where a value comes from
SET, DELETE, APPEND, SUBTRACT = range(4)  # what to do with a setting

_Described = DescribeConfigsResponse.DescribeConfigsResult
_Shown = _Described.DescribeConfigsResourceResult


class Refused(Exception):
    """Why a resource cannot be asked or changed: a code and a reason."""

    def __init__(self, code: Code, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True)
class _Resource:
    """``own``: what was set on it. ``below``: where a value comes from otherwise, by source.

    Wishes for a topic that is ``missing`` are looked at all the same: what is wrong with them is said first.
    """

    known: Mapping[str, Setting]
    own: dict[str, str]
    source: int
    below: tuple[tuple[int, Mapping[str, str]], ...] = ()
    missing: bool = False

    def values(self, name: str) -> list[tuple[str, str, int]]:
        """Name, value and source of all that is set, the one that holds first."""
        setting = self.known[name]
        broker_name = setting.synonym or name
        found = [(name, self.own[name], self.source)] if name in self.own else []
        found += [(broker_name, values[broker_name], source) for source, values in self.below if broker_name in values]
        return [*found, (broker_name, setting.default, DEFAULT)]


def _resource(session: Session, kind: int, name: str) -> _Resource:
    """Raises Refused."""
    by_broker = session.cluster.broker_settings
    if kind == TOPIC:
        topic = session.cluster.topics.get(name)
        if topic is None:
            return _Resource(TOPIC_SETTINGS, {}, DYNAMIC_TOPIC, missing=True)
        below = (
            (DYNAMIC_BROKER, by_broker.get(str(session.broker), {})),
            (DYNAMIC_DEFAULT_BROKER, by_broker.get("", {})),
        )
        return _Resource(TOPIC_SETTINGS, topic.configs, DYNAMIC_TOPIC, below)
    if kind != BROKER:
        raise Refused(Code.INVALID_REQUEST, f"Unsupported resource type: {kind}")
    if name not in ("", str(session.broker)):
        expected = f"expected {session.broker} or empty string"
        raise Refused(Code.INVALID_REQUEST, f"Unexpected broker id, {expected}, but received {name}")
    own = by_broker.setdefault(name, {})
    if not name:
        return _Resource(BROKER_SETTINGS, own, DYNAMIC_DEFAULT_BROKER)
    return _Resource(BROKER_SETTINGS, own, DYNAMIC_BROKER, ((DYNAMIC_DEFAULT_BROKER, by_broker.get("", {})),))


def _there(resource: _Resource) -> None:
    if resource.missing:
        raise Refused(Code.UNKNOWN_TOPIC_OR_PARTITION, "This server does not host this topic-partition.")


def describe_configs(session: Session, request: Message, version: int) -> Message:
    results = [_described(session, resource, request.include_synonyms) for resource in request.resources]
    return DescribeConfigsResponse(version=version, results=results)


def _described(session: Session, asked: Message, synonyms: bool) -> Message:
    code, reason, configs = Code.NONE, None, []
    try:
        resource = _resource(session, asked.resource_type, asked.resource_name)
        _there(resource)
        names = asked.configuration_keys
        everything = resource.own if asked.resource_type == BROKER and not asked.resource_name else resource.known
        configs = [
            _shown(resource, name, session, synonyms)
            for name in sorted(everything)
            if names is None or name in names or not names
        ]
    except Refused as refused:
        code, reason = refused.code, str(refused)
    return _Described(
        error_code=code,
        error_message=reason,
        resource_type=asked.resource_type,
        resource_name=asked.resource_name,
        configs=configs,
    )


def _shown(resource: _Resource, name: str, session: Session, synonyms: bool) -> Message:
    values = resource.values(name)
    _, value, source = values[0]
    setting = resource.known[name]
    return _Shown(
        name=name,
        value=str(session.broker) if name == "broker.id" else value,
        read_only=setting.fixed,
        config_source=source,
        is_default=source == DEFAULT,
        is_sensitive=False,
        synonyms=[_Shown.DescribeConfigsSynonym(name=of, value=it, source=where) for of, it, where in values]
        if synonyms
        else [],
        config_type=setting.type,
        documentation=None,
    )


def incremental_alter_configs(session: Session, request: Message, version: int) -> Message:
    """Some settings of a resource are changed, the others stay. A refused one keeps the whole resource as it was."""

    def change(resource: _Resource, wishes: Iterable[Message]) -> dict[str, str]:
        after = dict(resource.own)
        for wish in wishes:
            _apply(resource, after, wish)
        return after

    responses = _altered(session, request, change, IncrementalAlterConfigsResponse.AlterConfigsResourceResponse)
    return IncrementalAlterConfigsResponse(version=version, responses=responses)


def _apply(resource: _Resource, after: dict[str, str], wish: Message) -> None:
    setting = _known(resource, wish.name)
    if wish.config_operation == DELETE:
        after.pop(wish.name, None)
        return
    if wish.value is None:
        raise Refused(Code.INVALID_REQUEST, f"Null value not supported for : {wish.name}")
    if wish.config_operation == SET:
        after[wish.name] = wish.value
        return
    if wish.config_operation not in (APPEND, SUBTRACT):
        raise Refused(Code.INVALID_REQUEST, f"Unknown operation {wish.config_operation} for {wish.name}")
    if setting.type is not Type.LIST:
        raise Refused(Code.INVALID_CONFIG, f"Can't append or subtract to a key that is not a list: {wish.name}")
    words = [word for word in after.get(wish.name, setting.default).split(",") if word]
    given = [word for word in wish.value.split(",") if word]
    left = [word for word in words if word not in given]
    after[wish.name] = ",".join([*left, *given] if wish.config_operation == APPEND else left)


def alter_configs(session: Session, request: Message, version: int) -> Message:
    """The older way: all that is not named goes back to its default."""

    def change(resource: _Resource, wishes: Iterable[Message]) -> dict[str, str]:
        after = {}
        for wish in wishes:
            _known(resource, wish.name)
            if wish.value is None:
                raise Refused(Code.INVALID_REQUEST, f"Null value not supported for : {wish.name}")
            after[wish.name] = wish.value
        return after

    responses = _altered(session, request, change, AlterConfigsResponse.AlterConfigsResourceResponse)
    return AlterConfigsResponse(version=version, responses=responses)


_Change = Callable[[_Resource, Iterable[Message]], dict[str, str]]


def _altered(session: Session, request: Message, change: _Change, shape: Message) -> list[Message]:
    responses = []
    for wish in request.resources:
        code, reason = Code.NONE, None
        try:
            resource = _resource(session, wish.resource_type, wish.resource_name)
            after = change(resource, wish.configs)
            check(resource.known, {name: after[name] for name in {one.name for one in wish.configs} & set(after)})
            _there(resource)
            if not request.validate_only:
                resource.own.clear()
                resource.own.update(after)
        except Refused as refused:
            code, reason = refused.code, str(refused)
        responses.append(
            shape(
                error_code=code,
                error_message=reason,
                resource_type=wish.resource_type,
                resource_name=wish.resource_name,
            )
        )
    return responses


def _known(resource: _Resource, name: str) -> Setting:
    setting = resource.known.get(name)
    if setting is None:
        kind = "topic" if resource.known is TOPIC_SETTINGS else "broker"
        raise Refused(Code.INVALID_CONFIG, f"Unknown {kind} config name: {name}")
    if setting.fixed:
        raise Refused(Code.INVALID_REQUEST, f"Cannot update these configs dynamically: {name}")
    return setting


def check(known: Mapping[str, Setting], values: Mapping[str, str]) -> None:
    """Raises Refused for a value that its setting does not allow."""
    for name, value in sorted(values.items()):
        if name not in known:
            raise Refused(Code.INVALID_CONFIG, f"Unknown topic config name: {name}")
        wrong = known[name].wrong(value)
        if wrong:
            raise Refused(Code.INVALID_CONFIG, f"Invalid value {value} for configuration {name}: {wrong}")
