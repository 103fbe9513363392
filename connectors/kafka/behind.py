"""Where each number comes from, as one would ask for it with Kafka's own tools. Pure.

After a dash stands the request of the protocol that is sent in place of the tool.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from urllib.parse import quote

from connectors.settings.kafka import Settings
from console.model.component import ComponentId

_GROUP = "kafka-consumer-groups{at} --describe --group {name}"
_LAG = "OffsetFetch, then ListOffsets (earliest, latest)"
_TIMES = "ListOffsets (latest) over time, and ListOffsets at times for what was written before"
_RATE = "growth of the sum over the partitions that both readings have"
_GROUP_SIGNALS: Mapping[str, str] = {
    "lag": f"{_GROUP} — {_LAG}: sum of end − max(committed, low)",
    "lost": f"{_GROUP} — {_LAG}: sum of low − committed, where committed is below",
    "never_committed": f"{_GROUP} — OffsetFetch: partitions without a committed offset",
    "members": f"{_GROUP} --members — DescribeGroups or ConsumerGroupDescribe",
    "partitions": f"{_GROUP} — Metadata: partitions of the topics that it committed in or is assigned",
    "consumed": f"{_GROUP} — OffsetFetch: CURRENT-OFFSET, {_RATE}",
    "produced": f"{_GROUP} — ListOffsets (latest): LOG-END-OFFSET, {_RATE}",
    "growth": f"{_GROUP} — produced less consumed",
    "drain": f"{_GROUP} — lag / (consumed − produced)",
    "late": f"{_GROUP} — {_TIMES}: age of the oldest unread message, of the latest partition",
    "kept": f"{_GROUP} — DescribeConfigs (retention.ms), {_TIMES}: retention less the oldest unread message's age",
    "loss": f"{_GROUP} — kept, where the group will not have read it by then; a day: none within a day",
    "stalled": f"{_GROUP} --members — partitions held whose CURRENT-OFFSET stood still for a minute with LAG above 1",
    "stopped": f"{_GROUP} --members — partitions nobody holds whose CURRENT-OFFSET stands still with LAG above 1",
    "rewound": f"{_GROUP} — OffsetFetch: by how much CURRENT-OFFSET fell within the last minute",
}
_TOPIC = "kafka-get-offsets{at} --topic {name}"
_TOPIC_SIGNALS: Mapping[str, str] = {
    "depth": f"{_TOPIC} --time latest, less --time earliest — ListOffsets",
    "last_arrival": f"{_TOPIC} --time latest — ListOffsets (latest): when it last grew while we watched",
    "arrivals": f"{_TOPIC} --time latest — ListOffsets (latest): {_RATE}",
}
_CLUSTER_SIGNALS: Mapping[str, str] = {
    "brokers": "kafka-broker-api-versions{at} — Metadata: brokers that are up",
    "brokers_missing": "kafka-topics{at} --describe — Metadata: brokers that have replicas, or were up, and are not",
    "brokers_silent": "kafka-broker-api-versions{at} — brokers that are up and did not answer here in time",
    "under_replicated": "kafka-topics{at} --describe --under-replicated-partitions — Metadata: isr < replicas",
    "offline_partitions": "kafka-topics{at} --describe --unavailable-partitions — Metadata: no leader",
    "under_min_isr": "kafka-topics{at} --describe --under-min-isr-partitions — Metadata, DescribeConfigs",
    "controllers": "kafka-metadata-quorum{at} describe --status — DescribeQuorum; with ZooKeeper, Metadata",
}
_CONNECT = "curl {status}"
_SINK = "kafka-consumer-groups{at} --describe --group connect-{name} — as of that group"
_CONNECTOR_SIGNALS: Mapping[str, str] = dict.fromkeys(
    ("lag", "late", "lost", "kept", "loss", "produced", "consumed", "growth", "drain"), _SINK
)
_KINDS: Mapping[str, tuple[Mapping[str, str], str]] = {
    "group": (_GROUP_SIGNALS, _GROUP),
    "topic": (_TOPIC_SIGNALS, _TOPIC),
    "cluster": (_CLUSTER_SIGNALS, "kafka-topics{at} --describe"),
    "connector": (_CONNECTOR_SIGNALS, _CONNECT),
}


def behind(settings: Settings, component: ComponentId, signal: str) -> str:
    """The command behind a signal; of one that follows from several readings, the command of those; "" where none."""
    _, _, rest = component.partition("/")
    kind, _, name = rest.partition("/")
    if kind == "connector":
        return " or ".join(f"curl {shlex.quote(f'{url}/connectors?expand=status')}" for url in settings.connect)
    if kind not in _KINDS:
        return ""
    signals, other = _KINDS[kind]
    return signals.get(signal, other).format(
        at=_at(settings), name=shlex.quote(name), status=shlex.quote(_status(settings, name))
    )


def _status(settings: Settings, name: str) -> str:
    """Where Connect tells of one connector."""
    worker = settings.connect[0].rstrip("/") if settings.connect else ""
    return f"{worker}/connectors/{quote(name, safe='')}/status"


def _at(settings: Settings) -> str:
    """Whom the tool asks; it finds its credentials in a file of its own."""
    secured = " --command-config client.properties" if settings.sasl or settings.tls else ""
    return f" --bootstrap-server {shlex.quote(','.join(settings.bootstrap))}{secured}"
