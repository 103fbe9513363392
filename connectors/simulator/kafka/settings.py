"""The settings that topics and brokers have: their types, defaults and limits, by the names and values of Kafka 3.9.

https://kafka.apache.org/39/documentation.html#topicconfigs
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum


class Type(IntEnum):
    """Goes on the wire as its number."""

    BOOLEAN = 1
    STRING = 2
    INT = 3
    LONG = 5
    DOUBLE = 6
    LIST = 7


LONGEST = 2**63 - 1
_LARGEST = {Type.INT: 2**31 - 1, Type.LONG: LONGEST}


@dataclass(frozen=True, slots=True)
class Setting:
    """``synonym``: the broker's own setting that stands in for it. ``choices`` for strings and lists."""

    type: Type
    default: str
    synonym: str = ""
    least: float = 0
    choices: tuple[str, ...] = ()
    fixed: bool = False  # the broker was started with it

    def wrong(self, value: str) -> str:
        """What is wrong with a value, or "" ."""
        return _CHECKS[self.type](self, value)


def _number(setting: Setting, value: str) -> str:
    try:
        number = float(value) if setting.type is Type.DOUBLE else int(value)
    except ValueError:
        return f"Not a number of type {setting.type.name}"
    if not setting.least <= number <= _LARGEST.get(setting.type, 1.0):
        return f"Value must be at least {setting.least:g}" if number < setting.least else "Value is too large"
    return ""


def _boolean(setting: Setting, value: str) -> str:
    return "" if value.lower() in ("true", "false") else "Expected value to be either true or false"


def _chosen(setting: Setting, value: str) -> str:
    words = [word.strip() for word in value.split(",")] if setting.type is Type.LIST and value else [value]
    wrong = [word for word in words if setting.choices and word not in setting.choices]
    return f"String must be one of: {', '.join(setting.choices)}" if wrong else ""


_CHECKS: Mapping[Type, Callable[[Setting, str], str]] = {
    Type.BOOLEAN: _boolean,
    Type.STRING: _chosen,
    Type.INT: _number,
    Type.LONG: _number,
    Type.DOUBLE: _number,
    Type.LIST: _chosen,
}

_CODECS = ("uncompressed", "zstd", "lz4", "snappy", "gzip", "producer")
_POLICIES = ("compact", "delete")

TOPIC_SETTINGS: Mapping[str, Setting] = {
    "cleanup.policy": Setting(Type.LIST, "delete", "log.cleanup.policy", choices=_POLICIES),
    "compression.type": Setting(Type.STRING, "producer", "compression.type", choices=_CODECS),
    "delete.retention.ms": Setting(Type.LONG, "86400000", "log.cleaner.delete.retention.ms"),
    "file.delete.delay.ms": Setting(Type.LONG, "60000", "log.segment.delete.delay.ms"),
    "flush.messages": Setting(Type.LONG, str(LONGEST), "log.flush.interval.messages", least=1),
    "flush.ms": Setting(Type.LONG, str(LONGEST), "log.flush.interval.ms"),
    "follower.replication.throttled.replicas": Setting(Type.LIST, ""),
    "index.interval.bytes": Setting(Type.INT, "4096", "log.index.interval.bytes"),
    "leader.replication.throttled.replicas": Setting(Type.LIST, ""),
    "local.retention.bytes": Setting(Type.LONG, "-2", "log.local.retention.bytes", least=-2),
    "local.retention.ms": Setting(Type.LONG, "-2", "log.local.retention.ms", least=-2),
    "max.compaction.lag.ms": Setting(Type.LONG, str(LONGEST), "log.cleaner.max.compaction.lag.ms", least=1),
    "max.message.bytes": Setting(Type.INT, "1048588", "message.max.bytes"),
    "message.timestamp.after.max.ms": Setting(Type.LONG, str(LONGEST), "log.message.timestamp.after.max.ms"),
    "message.timestamp.before.max.ms": Setting(Type.LONG, str(LONGEST), "log.message.timestamp.before.max.ms"),
    "message.timestamp.type": Setting(
        Type.STRING, "CreateTime", "log.message.timestamp.type", choices=("CreateTime", "LogAppendTime")
    ),
    "min.cleanable.dirty.ratio": Setting(Type.DOUBLE, "0.5", "log.cleaner.min.cleanable.ratio"),
    "min.compaction.lag.ms": Setting(Type.LONG, "0", "log.cleaner.min.compaction.lag.ms"),
    "min.insync.replicas": Setting(Type.INT, "1", "min.insync.replicas", least=1),
    "preallocate": Setting(Type.BOOLEAN, "false", "log.preallocate"),
    "remote.storage.enable": Setting(Type.BOOLEAN, "false"),
    "retention.bytes": Setting(Type.LONG, "-1", "log.retention.bytes", least=-1),
    "retention.ms": Setting(Type.LONG, "604800000", "log.retention.ms", least=-1),
    "segment.bytes": Setting(Type.INT, "1073741824", "log.segment.bytes", least=14),
    "segment.index.bytes": Setting(Type.INT, "10485760", "log.index.size.max.bytes", least=4),
    "segment.jitter.ms": Setting(Type.LONG, "0", "log.roll.jitter.ms"),
    "segment.ms": Setting(Type.LONG, "604800000", "log.roll.ms", least=1),
    "unclean.leader.election.enable": Setting(Type.BOOLEAN, "false", "unclean.leader.election.enable"),
}

_OWN_BROKER_SETTINGS: Mapping[str, Setting] = {
    "auto.create.topics.enable": Setting(Type.BOOLEAN, "false", fixed=True),
    "background.threads": Setting(Type.INT, "10", least=1),
    "broker.id": Setting(Type.INT, "-1", least=-1, fixed=True),
    "default.replication.factor": Setting(Type.INT, "3", least=1, fixed=True),
    "delete.topic.enable": Setting(Type.BOOLEAN, "true", fixed=True),
    "group.max.session.timeout.ms": Setting(Type.INT, "1800000", fixed=True),
    "group.min.session.timeout.ms": Setting(Type.INT, "6000", fixed=True),
    "leader.imbalance.check.interval.seconds": Setting(Type.LONG, "300", least=1, fixed=True),
    "log.retention.hours": Setting(Type.INT, "168", least=-1, fixed=True),
    "max.connections": Setting(Type.INT, str(2**31 - 1)),
    "num.io.threads": Setting(Type.INT, "8", least=1),
    "num.network.threads": Setting(Type.INT, "3", least=1),
    "num.partitions": Setting(Type.INT, "1", least=1, fixed=True),
    "num.replica.fetchers": Setting(Type.INT, "1", least=1),
    "offsets.retention.minutes": Setting(Type.INT, "10080", least=1, fixed=True),
    "transaction.max.timeout.ms": Setting(Type.INT, "900000", least=1, fixed=True),
}

BROKER_SETTINGS: Mapping[str, Setting] = {
    **{
        setting.synonym: Setting(setting.type, setting.default, "", setting.least, setting.choices)
        for setting in TOPIC_SETTINGS.values()
        if setting.synonym
    },
    **_OWN_BROKER_SETTINGS,
}
