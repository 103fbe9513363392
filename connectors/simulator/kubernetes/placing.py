"""Pods that have no node yet: each is bound as soon as the scheduler finds room for it."""

from __future__ import annotations

from collections.abc import Callable

from connectors.simulator.kubernetes import containers
from connectors.simulator.kubernetes.events import Recorder
from connectors.simulator.kubernetes.kinds import NODE, POD
from connectors.simulator.kubernetes.objects import Object, dig, name_of, namespace_of
from connectors.simulator.kubernetes.registry import Registry
from connectors.simulator.kubernetes.scheduler import Scheduler

_COMPONENT = "default-scheduler"
_Key = tuple[str, str]


class Placing:
    """Looks again only when something has changed that may have made room."""

    def __init__(self, registry: Registry, scheduler: Scheduler, recorder: Recorder) -> None:
        self._registry = registry
        self._scheduler = scheduler
        self._recorder = recorder
        self._waiting: dict[_Key, None] = {}
        self._looked = -1  # the scheduler's count of changes at the last look

    def add(self, pod: Object) -> None:
        """It was created."""
        self._waiting[(namespace_of(pod), name_of(pod))] = None
        self._looked = -1

    def remove(self, pod: Object) -> None:
        """It is gone."""
        self._waiting.pop((namespace_of(pod), name_of(pod)), None)

    @property
    def busy(self) -> bool:
        return bool(self._waiting) and self._looked != self._scheduler.changes

    def step(self, bound: Callable[[Object], None]) -> None:
        """Places what it can, and hands each pod that has a node now to ``bound``."""
        if not self.busy:
            return
        self._looked = self._scheduler.changes
        for key in list(self._waiting):
            pod = self._registry.store.get(POD, *key)
            if pod is None or "deletionTimestamp" in pod["metadata"]:
                self._waiting.pop(key, None)
            elif node := dig(pod, "spec", "nodeName", default=""):
                del self._waiting[key]
                bound(self._bind(pod, str(node)))
            else:
                self._place(key, pod, bound)

    def _place(self, key: _Key, pod: Object, bound: Callable[[Object], None]) -> None:
        node, why = self._scheduler.place(pod)
        if node:
            del self._waiting[key]
            bound(self._bind(pod, node))
        elif not any(item.get("reason") == "Unschedulable" for item in dig(pod, "status", "conditions", default=[])):
            # Said once: a pod that waits in a full cluster is not told again at every move of another.
            self._registry.set_status(POD, pod, containers.unscheduled(pod, why, self._registry.times.stamp()))
            self._recorder.say(pod, _COMPONENT, "FailedScheduling", why, kind="Warning")

    def _bind(self, pod: Object, node: str) -> Object:
        host = _address(self._registry.store.get(NODE, "", node) or {})
        placed = {**pod, "metadata": dict(pod["metadata"]), "spec": {**pod["spec"], "nodeName": node}}
        placed["status"] = containers.creating(placed, host, self._registry.times.stamp())
        self._registry.store.put(POD, placed)
        where = f"Successfully assigned {namespace_of(pod)}/{name_of(pod)} to {node}"
        self._recorder.say(pod, _COMPONENT, "Scheduled", where)
        return placed


def _address(node: Object) -> str:
    addresses = dig(node, "status", "addresses", default=[])
    return next((str(item.get("address", "")) for item in addresses if item.get("type") == "InternalIP"), "")
