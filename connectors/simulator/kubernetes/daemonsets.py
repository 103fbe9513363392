"""The daemon set controller: one pod on every node that takes it, bound at its birth."""

from __future__ import annotations

from connectors.simulator.kubernetes.family import is_ready
from connectors.simulator.kubernetes.kinds import DAEMONSET, NODE, POD
from connectors.simulator.kubernetes.lineage import LABEL, Lineage
from connectors.simulator.kubernetes.objects import Object, copied, dig, labels_of, name_of
from connectors.simulator.kubernetes.plane import Plane
from connectors.simulator.kubernetes.scheduler import tolerates
from connectors.simulator.kubernetes.sizes import share
from connectors.simulator.kubernetes.tally import is_active

_COMPONENT = "daemonset-controller"
_TOLERATED = (  # what the controller adds to every pod of its own, so that no trouble of a node drives it away
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
    ("node.kubernetes.io/unreachable", "NoSchedule"),
)


class DaemonSets:
    """Reconciles one daemon set at a time."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._lineage = Lineage(plane)

    def reconcile(self, owner: Object) -> None:
        """A pod on every eligible node, none elsewhere, all of the present template in the end. Raises Refusal."""
        code = labels_of(self._lineage.current(owner))[LABEL]
        template = _tolerant(owner["spec"]["template"])
        pods = {str(dig(pod, "spec", "nodeName")): pod for pod in self._plane.family.children(owner, POD)}
        nodes = [name_of(node) for node in self._plane.registry.store.of(NODE) if _eligible(node, template)]
        for node in nodes:
            if node not in pods:
                self._create(owner, template, node, code)
            elif not is_active(pods[node]):
                self._remove(owner, pods[node])
        for node, pod in pods.items():
            if node not in nodes:
                self._remove(owner, pod)
        self._update(owner, [pods[node] for node in nodes if node in pods], code, len(nodes))
        self._say(owner, nodes, code)

    def _create(self, owner: Object, template: Object, node: str, code: str) -> None:
        placed = {**template, "spec": {**template["spec"], "nodeName": node}}
        pod = self._plane.pod(owner, placed, labels={LABEL: code, "pod-template-generation": "1"})
        self._plane.recorder.say(owner, _COMPONENT, "SuccessfulCreate", f"Created pod: {name_of(pod)}")

    def _remove(self, owner: Object, pod: Object) -> None:
        if "deletionTimestamp" not in pod["metadata"]:
            self._plane.delete(POD, pod)
            self._plane.recorder.say(owner, _COMPONENT, "SuccessfulDelete", f"Deleted pod: {name_of(pod)}")

    def _update(self, owner: Object, pods: list[Object], code: str, nodes: int) -> None:
        """Old pods go while no more than ``maxUnavailable`` are missing; those that are not ready go first."""
        if dig(owner, "spec", "updateStrategy", "type", default="RollingUpdate") != "RollingUpdate":
            return
        most = share(dig(owner, "spec", "updateStrategy", "rollingUpdate", "maxUnavailable", default=1), nodes, up=True)
        old = [pod for pod in pods if labels_of(pod).get(LABEL) != code and is_active(pod)]
        missing = nodes - sum(is_active(pod) and is_ready(pod) for pod in pods)
        for pod in old:
            if not is_ready(pod):
                self._remove(owner, pod)
        for pod in [pod for pod in old if is_ready(pod)][: max(0, most - missing)]:
            self._remove(owner, pod)

    def _say(self, owner: Object, nodes: list[str], code: str) -> None:
        pods = [pod for pod in self._plane.family.children(owner, POD) if is_active(pod)]
        placed = [pod for pod in pods if dig(pod, "spec", "nodeName") in nodes]
        ready = sum(map(is_ready, placed))
        optional = {
            "updatedNumberScheduled": sum(labels_of(pod).get(LABEL) == code for pod in placed),
            "numberAvailable": ready,
            "numberUnavailable": len(nodes) - ready,
        }
        status = {
            "currentNumberScheduled": len(placed),
            "numberMisscheduled": len(pods) - len(placed),
            "desiredNumberScheduled": len(nodes),
            "numberReady": ready,
            "observedGeneration": owner["metadata"]["generation"],
            **{name: value for name, value in optional.items() if value},
        }
        self._plane.registry.set_status(DAEMONSET, owner, status)
        if optional["updatedNumberScheduled"] == ready == len(nodes):
            self._lineage.prune(owner, {code})


def _tolerant(template: Object) -> Object:
    template = copied(template)
    added = [{"key": key, "operator": "Exists", "effect": effect} for key, effect in _TOLERATED]
    template["spec"]["tolerations"] = [*template["spec"].get("tolerations", []), *added]
    return dict(template)


def _eligible(node: Object, template: Object) -> bool:
    taints = dig(node, "spec", "taints", default=[])
    repelled = any(
        not tolerates(template, taint) for taint in taints if taint.get("effect") in ("NoSchedule", "NoExecute")
    )
    selector = dig(template, "spec", "nodeSelector", default={})
    return not repelled and selector.items() <= labels_of(node).items()
