"""What kept a survey from being whole: a line for each broker and each reason, with how long it has lasted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from connectors.failure import Failed, one_line
from connectors.kafka.roll import Roll, ago
from connectors.kafka.seen import ClusterView, GroupView
from connectors.kafka.wanted import Wanted

NAMED = 3  # groups that one line names


def problems(
    wanted: Wanted, cluster: ClusterView, groups: Sequence[GroupView], silent: Mapping[int, Failed], roll: Roll
) -> tuple[str, ...]:
    """Groups that may not be read, groups that are not there, brokers that say nothing, brokers that are not there."""
    return (*_refusals(groups), *_missing(wanted, groups, silent), *_silent(silent, roll), *_gone(cluster, roll))


def _refusals(groups: Sequence[GroupView]) -> Iterator[str]:
    """One line for each reason: there may be thousands of groups that are none of our business."""
    reasons: dict[str, list[str]] = {}
    for view in groups:
        if view.refusal:
            reasons.setdefault(view.refusal, []).append(one_line(view.name, 60))
    for reason, names in reasons.items():
        if len(names) == 1:
            yield f"group {names[0]}: {reason}"
        else:
            more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
            yield f"{len(names)} groups: {reason}: {', '.join(names[:NAMED])}{more}"


def _missing(wanted: Wanted, groups: Sequence[GroupView], silent: Mapping[int, object]) -> list[str]:
    """Groups asked for by their full name that are not there; not told while a broker is silent, it may have them."""
    there = {view.name for view in groups}
    return (
        [] if silent else [f"group {name}: not found, or not permitted" for name in wanted.exact() if name not in there]
    )


def _silent(silent: Mapping[int, Failed], roll: Roll) -> Iterator[str]:
    for broker in sorted(silent):
        age = roll.age(broker)
        yield silent[broker].reason + ("" if age is None else f", last heard {ago(age)} ago")


def _gone(cluster: ClusterView, roll: Roll) -> Iterator[str]:
    for broker in roll.expected(cluster):
        if broker not in cluster.brokers:
            gone = roll.gone(broker)
            yield f"broker {broker}: not in the cluster" + ("" if gone is None else f", for {ago(gone)}")
