"""The scheduler: which node has room for a pod. It keeps each node's load at every commit, so a choice asks no pod."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from connectors.simulator.kubernetes.kinds import NODE, POD
from connectors.simulator.kubernetes.objects import Object, dig, labels_of, name_of
from connectors.simulator.kubernetes.quantities import amount, requested
from connectors.simulator.kubernetes.store import Commit, Store
from connectors.simulator.kubernetes.tally import is_active

UNSCHEDULABLE = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
_RESOURCES = ("cpu", "memory")
_REPELLING = ("NoSchedule", "NoExecute")


@dataclass(slots=True)
class Load:
    """What stands on a node."""

    pods: int = 0
    cpu: float = 0.0  # cores that are asked for
    memory: float = 0.0  # bytes


class Scheduler:
    """Chooses the least loaded node that takes a pod."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._loads: dict[str, Load] = {}
        self.changes = 0  # grows whenever a pod that did not fit may fit now
        store.listen(self._saw)

    def place(self, pod: Object) -> tuple[str, str]:
        """The node's name and "", or "" and why no node will have it, in the words of the real scheduler."""
        wanted = {name: requested(pod["spec"], name) for name in _RESOURCES}
        nodes, refused = self._store.of(NODE), Counter[str]()
        chosen, lightest = "", (float("inf"), 0)
        for node in nodes:
            if why := self._refuses(node, pod, wanted):
                refused[why] += 1
                continue
            load = self.load(name_of(node))
            weight = (load.cpu / (amount(dig(node, "status", "allocatable", "cpu", default="1")) or 1), load.pods)
            if weight < lightest:
                chosen, lightest = name_of(node), weight
        return chosen, "" if chosen else _refusal(len(nodes), refused)

    def load(self, node: str) -> Load:
        return self._loads.get(node) or Load()

    def _refuses(self, node: Object, pod: Object, wanted: dict[str, float]) -> str:
        if dig(node, "spec", "unschedulable") and not tolerates(pod, UNSCHEDULABLE):
            return "node(s) were unschedulable"
        for taint in dig(node, "spec", "taints", default=[]):
            if taint.get("effect") in _REPELLING and not tolerates(pod, taint):
                return f"node(s) had untolerated taint {{{taint.get('key')}: {taint.get('value', '')}}}"
        selector = dig(pod, "spec", "nodeSelector", default={})
        if not selector.items() <= labels_of(node).items():
            return "node(s) didn't match Pod's node affinity/selector"
        load, room = self.load(name_of(node)), dig(node, "status", "allocatable", default={})
        if load.pods + 1 > amount(room.get("pods", "110")):
            return "Too many pods"
        taken = {"cpu": load.cpu, "memory": load.memory}
        full = [
            name for name in _RESOURCES if taken[name] + wanted[name] > amount(room.get(name, "0")) and wanted[name]
        ]
        return f"Insufficient {full[0]}" if full else ""

    def _saw(self, commit: Commit) -> None:
        if commit.kind is NODE:
            self.changes += 1
        elif commit.kind is POD:
            left = self._weigh(commit.before, -1)
            if self._weigh(commit.after, 1) != left:
                self.changes += bool(left)

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
