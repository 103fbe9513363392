"""The scheduler: which node has room for a pod. It keeps each node's load at every commit, so a choice asks no pod."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from connectors.simulator.kubernetes.kinds import NODE, POD
from connectors.simulator.kubernetes.objects import Object, dig, labels_of, name_of
from connectors.simulator.kubernetes.quantities import amount, requested
from connectors.simulator.kubernetes.store import Commit, Store
from connectors.simulator.kubernetes.tally import is_active

UNSCHEDULABLE = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
_REPELLING = ("NoSchedule", "NoExecute")


@dataclass(slots=True)
class Load:
    """What stands on a node."""

    pods: int = 0
    cpu: float = 0.0  # cores that are asked for
    memory: float = 0.0  # bytes


@dataclass(frozen=True, slots=True)
class Room:
    """What a node offers, read once from its object."""

    pods: float
    cpu: float
    memory: float
    labels: Mapping[str, str]
    taints: tuple[Object, ...]  # those that keep pods away
    cordoned: bool


@dataclass(frozen=True, slots=True)
class Wish:
    """What a pod asks of a node."""

    cpu: float
    memory: float
    selector: Mapping[str, str]
    pod: Object  # for its tolerations

    @property
    def signature(self) -> str:
        """The same for pods that fit or do not fit alike."""
        return f"{self.cpu}/{self.memory}/{self.selector}/{dig(self.pod, 'spec', 'tolerations', default=())}"


class Scheduler:
    """Chooses the least loaded node that takes a pod."""

    def __init__(self, store: Store) -> None:
        self._rooms: dict[str, Room] = {}
        self._loads: dict[str, Load] = {}
        self._refused: dict[str, str] = {}  # a wish's signature -> why nobody grants it, until something changes
        self.changes = 0  # grows whenever a pod that did not fit may fit now
        store.listen(self._saw)

    def place(self, pod: Object) -> tuple[str, str]:
        """The node's name and "", or "" and why no node will have it, in the words of the real scheduler."""
        cpu, memory = requested(pod["spec"], "cpu"), requested(pod["spec"], "memory")
        wish = Wish(cpu, memory, dig(pod, "spec", "nodeSelector", default={}), pod)
        signature = wish.signature
        if why := self._refused.get(signature):
            return "", why
        refused = Counter[str]()
        chosen, lightest = "", (float("inf"), 0)
        for name, room in self._rooms.items():
            load = self._loads[name]
            if why := _refuses(room, load, wish):
                refused[why] += 1
            elif (weight := (load.cpu / room.cpu, load.pods)) < lightest:
                chosen, lightest = name, weight
        if not chosen:
            self._refused[signature] = _refusal(len(self._rooms), refused)
        return chosen, self._refused.get(signature, "")

    def _saw(self, commit: Commit) -> None:
        if commit.kind is NODE:
            self._node(commit)
        elif commit.kind is POD:
            before, after = commit.before, commit.after
            if before and after and before["spec"] is after["spec"] and _burdens(before) == _burdens(after):
                return  # its status alone was written
            left = self._weigh(commit.before, -1)
            if self._weigh(commit.after, 1) != left and left:
                self._changed()

    def _changed(self) -> None:
        self.changes += 1
        self._refused.clear()

    def _node(self, commit: Commit) -> None:
        name = name_of(commit.last)
        if commit.after is None:
            self._rooms.pop(name, None)
        else:
            self._loads.setdefault(name, Load())
            self._rooms[name] = _room(commit.after)
            self._rooms = dict(sorted(self._rooms.items()))
        self._changed()

    def _weigh(self, pod: Object | None, sign: int) -> str:
        """Adds or takes a pod's load; the node that it burdens, "" for none."""
        node = str(dig(pod, "spec", "nodeName", default=""))
        if pod is None or not node or not _burdens(pod):
            return ""
        load = self._loads.setdefault(node, Load())
        load.pods += sign
        load.cpu += sign * requested(pod["spec"], "cpu")
        load.memory += sign * requested(pod["spec"], "memory")
        return node


def _room(node: Object) -> Room:
    offered = dig(node, "status", "allocatable", default={})
    taints = tuple(item for item in dig(node, "spec", "taints", default=[]) if item.get("effect") in _REPELLING)
    return Room(
        amount(offered.get("pods", "110")),
        amount(offered.get("cpu", "1")) or 1.0,
        amount(offered.get("memory", "0")),
        labels_of(node),
        taints,
        bool(dig(node, "spec", "unschedulable")),
    )


def _refuses(room: Room, load: Load, wish: Wish) -> str:
    """Why a node does not take a pod; "" where it does."""
    if room.cordoned and not tolerates(wish.pod, UNSCHEDULABLE):
        return "node(s) were unschedulable"
    for taint in room.taints:
        if not tolerates(wish.pod, taint):
            return f"node(s) had untolerated taint {{{taint.get('key')}: {taint.get('value', '')}}}"
    if wish.selector and not wish.selector.items() <= room.labels.items():
        return "node(s) didn't match Pod's node affinity/selector"
    if load.pods + 1 > room.pods:
        return "Too many pods"
    if wish.cpu and load.cpu + wish.cpu > room.cpu:
        return "Insufficient cpu"
    return "Insufficient memory" if wish.memory and load.memory + wish.memory > room.memory else ""


def tolerates(pod: Object, taint: Object) -> bool:
    """Whether one of a pod's tolerations matches the taint."""
    return any(matches(item, taint) for item in dig(pod, "spec", "tolerations", default=[]))


def matches(toleration: Object, taint: Object) -> bool:
    """Whether a toleration is about this taint."""
    if toleration.get("effect") not in (None, "", taint.get("effect")):
        return False
    if toleration.get("operator") == "Exists":
        return toleration.get("key") in (None, "", taint.get("key"))
    same_key = toleration.get("key") == taint.get("key")
    return same_key and (toleration.get("value") or "") == (taint.get("value") or "")


def _burdens(pod: Object) -> bool:
    """A pod that is ending holds its place until it is gone; one that has ended does not."""
    return is_active(pod) or dig(pod, "status", "phase") in ("Pending", "Running")


def _refusal(nodes: int, refused: Counter[str]) -> str:
    if not nodes:
        return "no nodes available to schedule pods"
    reasons = ", ".join(sorted(f"{count} {why}" for why, count in refused.items()))
    waits = f"preemption: 0/{nodes} nodes are available: {nodes} Preemption is not helpful for scheduling."
    return f"0/{nodes} nodes are available: {reasons}. {waits}"
