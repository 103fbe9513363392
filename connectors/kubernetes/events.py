"""Warning events of the last minutes, gathered onto the workloads that they are about. Pure.

A pod that cannot start says so in events and nowhere in its workload's status. The event names the pod; the workload is
told from the pod's name, as the controllers make it (``api-7c9f8b6d5-x2k4q``, ``db-0``, ``logs-x2k4q``), so that no pod
has to be looked at. Counted are events, of which the same words about the same object are one: how many objects
complain, not how often each repeats itself.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from connectors.failure import one_line
from connectors.kubernetes.objects import Metadata, Read
from connectors.kubernetes.read import WORDS
from connectors.kubernetes.times import epoch, spoken
from console.model.component import ComponentId

WINDOW = 600.0  # estate seconds looked back on
REASONS = 3  # of a workload, those said most
_HASH = r"[bcdfghjklmnpqrstvwxz2456789]"  # the alphabet of apimachinery's random names, without vowels
_POD_OF_SET = re.compile(rf"(.+)-{_HASH}{{1,10}}-{_HASH}{{5}}")
_RANDOM = re.compile(rf"(.+)-{_HASH}{{5}}")
_REPLICA_SET = re.compile(rf"(.+)-{_HASH}{{1,10}}")
_NUMBERED = re.compile(r"(.+)-\d{1,10}")

Key = tuple[str, str, str]
"""Namespace, the kind's part of a component's id, and name."""


class About(Read, frozen=True):
    kind: str = ""
    namespace: str = ""
    name: str = ""


class Series(Read, frozen=True):
    last_observed_time: str | None = None


class Event(Read, frozen=True):
    """A core/v1 Event. A newer reporter leaves ``last_timestamp`` out and says ``event_time`` and ``series``."""

    metadata: Metadata
    involved_object: About = About()
    reason: str = ""
    message: str = ""
    last_timestamp: str | None = None
    event_time: str | None = None
    series: Series | None = None
    count: int | None = None

    @property
    def at(self) -> float:
        """When it was last said, epoch seconds; 0 where it does not tell."""
        last = self.series.last_observed_time if self.series else None
        times = (last, self.last_timestamp, self.event_time, self.metadata.creation_timestamp)
        return next((found for stamp in times if (found := epoch(stamp)) is not None), 0.0)


msgspec.json.Decoder(Event)  # learnt while this module is imported: see objects.py


@dataclass(slots=True)
class Complaints:
    """What is said of one component: events by reason, the last message of each, and when the last was."""

    reasons: Counter[str] = field(default_factory=Counter)
    messages: dict[str, tuple[float, str]] = field(default_factory=dict)
    last: float = 0.0

    def add(self, event: Event) -> None:
        reason = one_line(event.reason or "Warning", WORDS)
        self.reasons[reason] += 1
        self.last = max(self.last, event.at)
        if event.at >= self.messages.get(reason, (0.0, ""))[0]:
            self.messages[reason] = (event.at, event.message)

    @property
    def count(self) -> int:
        return self.reasons.total()

    def notes(self, now: float) -> Iterator[str]:
        """``BackOff ×3, 20s ago``; of pods that no node takes, and of a quota's refusal, the words too."""
        for reason, count in self.reasons.most_common(REASONS):
            at, message = self.messages[reason]
            told = message.removeprefix(_COMBINED).removeprefix(_CREATING)
            said = f": {one_line(told, 3 * WORDS)}" if reason in _EXPLAINED else ""
            yield f"{reason} ×{count}, {spoken(max(now - at, 0.0))} ago{said}"


_COMBINED, _CREATING = "(combined from similar events): ", "Error creating: "
"""What controllers put before the words that matter."""

_EXPLAINED = ("FailedScheduling", "FailedCreate", "FailedMount", "FailedAttachVolume")
"""Reasons that say nothing without their message."""


def complaints(
    events: Iterable[Event], known: Mapping[Key, ComponentId], now: float
) -> Mapping[ComponentId, Complaints]:
    """What was said of each within ``WINDOW``; events about what is not ``known`` are left out."""
    found: dict[ComponentId, Complaints] = {}
    long = [key for key in known if key[1] in _BY_SETS and len(key[2]) > _UNCUT]
    for event in events:
        if now - event.at > WINDOW:
            continue
        about = event.involved_object
        key = next((one for one in _candidates(about) if one in known), None) or _cut(about, long)
        if key is not None:
            found.setdefault(known[key], Complaints()).add(event)
    return found


_BY_SETS = ("deployment", "rollout")
_UNCUT = 46  # characters of a name that leave room for a replica set's hash of ten in a pod's name
_BASE, _WHOLE = 58, 63  # of a generated name: what is kept of its base, and all of it (apiserver, names.go)


def _cut(about: About, long: Iterable[Key]) -> Key | None:
    """Of a pod whose name had to be cut: the longest name that it may have begun with."""
    if about.kind != "Pod" or len(about.name) != _WHOLE:
        return None
    base = about.name[:_BASE]
    fits = (key for key in long if key[0] == about.namespace and base.startswith(f"{key[2]}-"[:_BASE]))
    return max(fits, key=lambda key: len(key[2]), default=None)


def _candidates(about: About) -> Iterator[Key]:
    """What the object may belong to, the likeliest first."""
    for kind, name in _owners(about.kind, about.name):
        yield "" if kind == "node" else about.namespace, kind, name


def _owners(kind: str, name: str) -> Iterator[tuple[str, str]]:
    short = _OWN.get(kind)
    if short is not None:
        yield short, name
    if kind == "Pod":
        yield from _matched(_POD_OF_SET, name, "deployment", "rollout")
        yield from _matched(_NUMBERED, name, "statefulset")
        yield from _matched(_RANDOM, name, "daemonset", "job", "statefulset")
        yield from (("cronjob", cron) for job in _names(_RANDOM, name) for cron in _names(_NUMBERED, job))
    if kind == "ReplicaSet":
        yield from _matched(_REPLICA_SET, name, "deployment", "rollout")
    if kind == "Job":
        yield from _matched(_NUMBERED, name, "cronjob")


_OWN = {
    "Deployment": "deployment",
    "StatefulSet": "statefulset",
    "DaemonSet": "daemonset",
    "Job": "job",
    "CronJob": "cronjob",
    "HorizontalPodAutoscaler": "hpa",
    "ScaledObject": "scaledobject",
    "Rollout": "rollout",
    "PodDisruptionBudget": "pdb",
    "Node": "node",
}


def _matched(pattern: re.Pattern[str], name: str, *kinds: str) -> Iterator[tuple[str, str]]:
    yield from ((kind, owner) for owner in _names(pattern, name) for kind in kinds)


def _names(pattern: re.Pattern[str], name: str) -> Iterator[str]:
    found = pattern.fullmatch(name) if len(name) <= 253 else None
    if found is not None:
        yield found[1]
