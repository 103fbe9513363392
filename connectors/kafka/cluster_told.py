"""A cluster's health, told: who is up and who is missed, which partitions have too few copies, who controls. Pure.

Brokers are no components of their own: what is wrong with one is wrong with the cluster. They are what its drill-down
leads into.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from connectors.failure import one_line
from connectors.kafka.seen import ClusterView, PartitionView, Quota, Standing, TopicConfig, TopicPartition
from connectors.kafka.survey import Survey
from console.model.component import ComponentId, source_of
from console.model.signal import Signal, Unit
from console.model.snapshot import Detail, Observed

MOST_ROWS = 500
BROKER_COLUMNS = ("broker", "state", "address", "rack", "leads", "replicas", "behind")
PARTITION_COLUMNS = ("topic", "partition", "leader", "replicas", "in sync", "state")
QUOTA_COLUMNS = ("of", "limit", "value")
DEFAULT = "(default)"


@dataclass(frozen=True, slots=True)
class Health:
    """Partitions that are not as they should be. ``scarce``: fewer in sync than min.insync.replicas; None: not told.

    Writes with acks=all are refused to a scarce partition, and all reads and writes to one that is offline.
    """

    behind: tuple[TopicPartition, ...]  # under-replicated: fewer in sync than there are to be
    offline: tuple[TopicPartition, ...]  # without a leader
    scarce: tuple[TopicPartition, ...] | None


def health(cluster: ClusterView, configs: Mapping[str, TopicConfig]) -> Health:
    """As kafka-topics tells it with --under-replicated, --unavailable and --under-min-isr-partitions."""
    parts = list(cluster.partitions())
    least = {name: config.min_isr for name, config in configs.items() if config.min_isr is not None}
    return Health(
        behind=tuple(at for at, part in parts if len(part.isr) < len(part.replicas)),
        offline=tuple(at for at, part in parts if part.leader < 0),
        scarce=tuple(at for at, part in parts if len(part.isr) < least.get(at[0], 0)) if least else None,
    )


def controller(survey: Survey) -> int | None:
    """The broker or node that controls; None: there is none, or we may not know (see ``controls``)."""
    standing = survey.told.standing
    if standing is None or not standing.kraft:
        return survey.cluster.controller if standing is not None else None
    return standing.quorum.leader if standing.quorum else None


def cluster_observed(survey: Survey, name: str, at: float) -> Observed:
    found = health(survey.cluster, survey.configs)
    missing = _missing(survey)

    def count(signal: str, value: int | None, note: str = "") -> Signal:
        return Signal(signal, value, Unit.COUNT, at, name, note)

    return Observed(
        id=f"{name}/cluster",
        signals=(
            count("brokers", len(survey.cluster.brokers)),
            count("brokers_missing", len(missing), _listed(missing)),
            count("brokers_silent", len(survey.silent), _listed(survey.silent)),
            count("under_replicated", len(found.behind), _named(found.behind)),
            count("offline_partitions", len(found.offline), _named(found.offline)),
            _scarce(found, survey, count),
            _controllers(survey, count),
        ),
        notes=tuple(_notes(survey, missing)),
    )


def _scarce(found: Health, survey: Survey, count: Callable[..., Signal]) -> Signal:
    if found.scarce is None:
        return count("under_min_isr", None, survey.told.untold.get("settings") or "no topic's settings are known")
    return count("under_min_isr", len(found.scarce), _named(found.scarce))


def _controllers(survey: Survey, count: Callable[..., Signal]) -> Signal:
    """1, or 0 where those who know say that there is none."""
    known = controller(survey)
    if known is not None:
        return count("controllers", 1, f"broker {known}")
    standing = survey.told.standing
    told = standing is not None and (not standing.kraft or standing.quorum is not None)
    return count("controllers", 0 if told else None, "" if told else survey.told.untold.get("standing") or "not told")


def _notes(survey: Survey, missing: tuple[int, ...]) -> Iterable[str]:
    if missing:
        yield f"{'broker' if len(missing) == 1 else 'brokers'} {_listed(missing)} missing"
    if survey.told.quotas:
        one = len(survey.told.quotas) == 1
        yield f"{len(survey.told.quotas)} {'quota' if one else 'quotas'} in force"


def _missing(survey: Survey) -> tuple[int, ...]:
    return tuple(broker for broker in survey.expected if broker not in survey.cluster.brokers)


def _listed(brokers: Iterable[int]) -> str:
    return ", ".join(map(str, brokers))


def _named(parts: tuple[TopicPartition, ...], most: int = 3) -> str:
    named = ", ".join(f"{one_line(topic, 60)}/{index}" for topic, index in parts[:most])
    return f"{named} and {len(parts) - most} more" if len(parts) > most else named


def cluster_detail(survey: Survey, component: ComponentId, kind: str, name: str, at: float) -> Detail | None:
    """``…/cluster``, ``…/broker/ID`` and ``…/quotas``; None: another kind, or no such broker."""
    if kind == "cluster":
        return _brokers(survey, component, at)
    if kind == "quotas":
        return _quotas(survey, component, at)
    if kind == "broker" and name.isdigit() and int(name) in survey.expected:
        return _broker(survey, component, int(name), at)
    return None


def _brokers(survey: Survey, component: ComponentId, at: float) -> Detail:
    led, kept, late = _shares(survey.cluster)
    rows = tuple(
        (
            str(broker),
            _state(survey, broker),
            survey.cluster.addresses.get(broker, ""),
            survey.cluster.racks.get(broker, ""),
            str(led[broker]),
            str(kept[broker]),
            str(late[broker]),
        )
        for broker in survey.expected
    )
    into = tuple(f"{source_of(component)}/broker/{broker}" for broker in survey.expected)
    shown = rows[:MOST_ROWS]
    return Detail(
        component, at, "brokers", BROKER_COLUMNS, shown, len(rows) - len(shown), _extra(survey), into[:MOST_ROWS]
    )


def _state(survey: Survey, broker: int) -> str:
    if broker not in survey.cluster.brokers:
        return "missing"
    if broker in survey.silent:
        return "silent"
    return "up, controls" if broker == controller(survey) else "up"


def _shares(cluster: ClusterView) -> tuple[Tally[int], Tally[int], Tally[int]]:
    """By broker: partitions that it leads, that it has, and that it has but is behind with."""
    led: Tally[int] = Tally()
    kept: Tally[int] = Tally()
    late: Tally[int] = Tally()
    for _, part in cluster.partitions():
        led[part.leader] += 1
        kept.update(part.replicas)
        late.update(set(part.replicas) - set(part.isr))
    return led, kept, late


def _extra(survey: Survey) -> dict[str, str]:
    found = health(survey.cluster, survey.configs)
    known = controller(survey)
    quotas = survey.told.quotas
    return {
        "cluster id": survey.cluster.id,
        "controller": "not told" if known is None else str(known),
        **_standing(survey.told.standing),
        "without leader": str(len(found.offline)),
        "under-replicated": str(len(found.behind)),
        "under min ISR": "not told" if found.scarce is None else str(len(found.scarce)),
        "quotas": survey.told.untold.get("quotas", "not told") if quotas is None else str(len(quotas)),
    }


def _standing(standing: Standing | None) -> dict[str, str]:
    if standing is None:
        return {}
    release = ".".join(map(str, standing.release))
    told = {"APIs of": f"Apache Kafka {release}{' (KRaft)' if standing.kraft else ''}"}
    if standing.quorum and standing.quorum.behind:
        told["voters behind"] = str(max(standing.quorum.behind.values()))
    return told


def _broker(survey: Survey, component: ComponentId, broker: int, at: float) -> Detail:
    """What it has: what is wrong first, then what it leads."""
    mine = [(where, part) for where, part in survey.cluster.partitions() if broker in part.replicas]
    mine.sort(key=lambda each: (len(each[1].isr) >= len(each[1].replicas), each[1].leader != broker, each[0]))
    shown = mine[:MOST_ROWS]
    extra = {"state": _state(survey, broker), "address": survey.cluster.addresses.get(broker, "not told")}
    return Detail(
        component,
        at,
        f"partitions on broker {broker}",
        PARTITION_COLUMNS,
        tuple(_row(where, part, broker) for where, part in shown),
        len(mine) - len(shown),
        extra,
        tuple(f"{source_of(component)}/topic/{topic}" for (topic, _), _ in shown),
    )


def _row(where: TopicPartition, part: PartitionView, broker: int) -> tuple[str, ...]:
    leader = "none" if part.leader < 0 else str(part.leader)
    state = "in sync" if broker in part.isr else "behind"
    return (where[0], str(where[1]), leader, _listed(part.replicas), _listed(part.isr), state)


def _quotas(survey: Survey, component: ComponentId, at: float) -> Detail:
    rows = tuple(
        (_entity(quota), key, f"{value:g}")
        for quota in survey.told.quotas or ()
        for key, value in sorted(quota.limits.items())
    )
    extra = {} if survey.told.quotas is not None else {"not told": survey.told.untold.get("quotas", "not asked yet")}
    shown = rows[:MOST_ROWS]
    return Detail(component, at, "quotas in force", QUOTA_COLUMNS, shown, len(rows) - len(shown), extra)


def _entity(quota: Quota) -> str:
    return ", ".join(f"{kind} {DEFAULT if name is None else name}" for kind, name in sorted(quota.entity.items()))
