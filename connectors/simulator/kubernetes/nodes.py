"""Nodes that are cordoned, tainted, lost and found again, and what becomes of the pods on them.

Source: the documentation of nodes, and of taint-based eviction. A node that is lost is marked after 40 s without a
heartbeat; its pods are told to go 300 s later, and stay Terminating until the node is back to end them.
"""

from __future__ import annotations

from connectors.simulator.kubernetes import containers
from connectors.simulator.kubernetes.conditions import settled
from connectors.simulator.kubernetes.kinds import NODE, POD
from connectors.simulator.kubernetes.kubelet import Kubelet
from connectors.simulator.kubernetes.objects import Object, dig, name_of, owner_of
from connectors.simulator.kubernetes.plane import Plane
from connectors.simulator.kubernetes.scheduler import UNSCHEDULABLE, matches, tolerates

GRACE_SECONDS = 40  # --node-monitor-grace-period
TOLERATED_SECONDS = 300  # what DefaultTolerationSeconds gives every pod
_UNREACHABLE = "node.kubernetes.io/unreachable"
_COMPONENT = "node-controller"
_SILENT = "Kubelet stopped posting node status."


class Nodes:
    """Reconciles one node at a time."""

    def __init__(self, plane: Plane, kubelet: Kubelet) -> None:
        self._plane = plane
        self._kubelet = kubelet
        self._lost: dict[str, float] = {}  # node -> simulated second of its loss
        self._tainted: dict[tuple[str, str], float] = {}  # (node, taint's key) -> since when it drives pods away

    def lose(self, name: str) -> None:
        """The node falls silent. Raises Refusal (404) where there is none."""
        node = self._plane.registry.get(NODE, "", name)
        self._kubelet.lose(name)
        self._lost.setdefault(name, self._plane.now())
        self._plane.worklist.alarm(NODE, node, self._lost[name] + GRACE_SECONDS)

    def restore(self, name: str) -> None:
        """The node is back, with the pods that still stand on it. Raises Refusal (404) where there is none."""
        node = self._plane.registry.get(NODE, "", name)
        self._kubelet.restore(name, self._plane.now())
        if self._lost.pop(name, None) is None:
            return
        taints = [item for item in _taints(node) if item.get("key") != _UNREACHABLE]
        node = self._tainting(node, taints)
        self._mark(node, "True", "KubeletReady", "kubelet is posting ready status")
        self._plane.recorder.say(node, "kubelet", "NodeReady", f"Node {name} status is now: NodeReady")
        for pod in self._pods(name):
            if dig(pod, "status", "phase") == "Running" and "deletionTimestamp" not in pod["metadata"]:
                self._plane.registry.set_status(POD, pod, containers.ready(pod, self._plane.stamp()))

    def reconcile(self, node: Object) -> None:
        """Marks it lost when its time has come, keeps the taint of a cordon, and drives pods away. Raises Refusal."""
        node = self._cordon(self._silence(node))
        driving = [item for item in _taints(node) if item.get("effect") == "NoExecute"]
        self._forget(name_of(node), {str(item.get("key")) for item in driving})
        for taint in driving:
            self._drive(node, taint)

    def _silence(self, node: Object) -> Object:
        lost = self._lost.get(name_of(node))
        known = any(item.get("key") == _UNREACHABLE for item in _taints(node))
        if lost is None or known or self._plane.now() < lost + GRACE_SECONDS:
            return node
        self._mark(node, "Unknown", "NodeStatusUnknown", _SILENT)
        added = [{"key": _UNREACHABLE, "effect": effect} for effect in ("NoSchedule", "NoExecute")]
        stamped = [{**taint, "timeAdded": self._plane.stamp()} for taint in added]
        node = self._tainting(self._plane.registry.get(NODE, "", name_of(node)), [*_taints(node), *stamped])
        said = f"Node {name_of(node)} status is now: NodeNotReady"
        self._plane.recorder.say(node, _COMPONENT, "NodeNotReady", said)
        for pod in self._pods(name_of(node)):
            self._plane.recorder.say(pod, _COMPONENT, "NodeNotReady", "Node is not ready", kind="Warning")
            self._plane.registry.set_status(POD, pod, containers.unreachable(pod, self._plane.stamp()))
        return node

    def _cordon(self, node: Object) -> Object:
        """``spec.unschedulable`` shows as a taint, too."""
        taints, cordoned = _taints(node), bool(dig(node, "spec", "unschedulable"))
        others = [item for item in taints if item.get("key") != UNSCHEDULABLE["key"]]
        if cordoned == (len(others) < len(taints)):
            return node
        word = "NodeNotSchedulable" if cordoned else "NodeSchedulable"
        self._plane.recorder.say(node, "kubelet", word, f"Node {name_of(node)} status is now: {word}")
        added = [{**UNSCHEDULABLE, "timeAdded": self._plane.stamp()}] if cordoned else []
        return self._tainting(node, [*others, *added])

    def _tainting(self, node: Object, taints: list[Object]) -> Object:
        return self._plane.respec(NODE, node, taints=taints or None)

    def _drive(self, node: Object, taint: Object) -> None:
        """Deletes pods that do not tolerate the taint, each when its patience is over."""
        key, now = (name_of(node), str(taint.get("key"))), self._plane.now()
        since = self._tainted.setdefault(key, now)
        for pod in self._pods(name_of(node)):
            if "deletionTimestamp" in pod["metadata"] or dig(pod, "status", "phase") in ("Succeeded", "Failed"):
                continue
            patience = _patience(pod, taint)
            if now >= since + patience:
                self._plane.recorder.say(pod, "taint-eviction-controller", "TaintManagerEviction", "Deleting pod")
                self._plane.delete(POD, pod)
            elif patience != float("inf"):
                self._plane.worklist.alarm(NODE, node, since + patience)

    def _forget(self, node: str, driving: set[str]) -> None:
        for key in [key for key in self._tainted if key[0] == node and key[1] not in driving]:
            del self._tainted[key]

    def _mark(self, node: Object, status: str, reason: str, message: str) -> None:
        wanted = [
            {"type": item["type"], "status": status, "reason": reason, "message": message}
            if item["type"] == "Ready" or status == "Unknown"
            else {name: item[name] for name in ("type", "status", "reason", "message") if name in item}
            for item in dig(node, "status", "conditions", default=[])
        ]
        stamp = self._plane.stamp()
        conditions = [{**item, "lastHeartbeatTime": stamp} for item in settled(node, wanted, stamp)]
        self._plane.registry.set_status(NODE, node, {**node["status"], "conditions": conditions})

    def _pods(self, node: str) -> list[Object]:
        return [pod for pod in self._plane.registry.store.of(POD) if dig(pod, "spec", "nodeName") == node]


def _taints(node: Object) -> list[Object]:
    taints: list[Object] = dig(node, "spec", "taints", default=[])
    return taints


def _patience(pod: Object, taint: Object) -> float:
    """Seconds for which a pod bears a taint that drives away; infinity for one that it tolerates for ever."""
    if not tolerates(pod, taint):
        return TOLERATED_SECONDS if taint.get("key") == _UNREACHABLE and owner_of(pod) else 0
    found = (item for item in dig(pod, "spec", "tolerations", default=[]) if matches(item, taint))
    limits = [float(item["tolerationSeconds"]) for item in found if "tolerationSeconds" in item]
    return min(limits, default=float("inf"))
