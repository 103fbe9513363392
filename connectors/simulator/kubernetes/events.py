"""Events: what the controllers say about what they do. Old ones go, as the real ones do after an hour."""

from __future__ import annotations

from collections import deque

from connectors.simulator.kubernetes.identity import Times
from connectors.simulator.kubernetes.kinds import EVENT
from connectors.simulator.kubernetes.objects import Object, name_of, namespace_of
from connectors.simulator.kubernetes.registry import Registry

KEPT_SECONDS = 3600  # --event-ttl of the API server
KEPT_AT_MOST = 1000


class Recorder:
    """Writes events and lets them expire."""

    def __init__(self, registry: Registry, times: Times) -> None:
        self._registry = registry
        self._times = times
        self._written: deque[tuple[float, str, str]] = deque()

    def say(self, about: Object, component: str, reason: str, message: str, kind: str = "Normal") -> None:
        """One event on an object, in its namespace."""
        stamp = self._times.stamp()
        name = f"{name_of(about)}.{self._registry.identity.uid().replace('-', '')[:16]}"
        namespace = namespace_of(about) or "default"
        reference = {"kind": about["kind"], "apiVersion": about["apiVersion"], "name": name_of(about)}
        reference |= {
            key: about["metadata"][key] for key in ("namespace", "uid", "resourceVersion") if key in about["metadata"]
        }
        event = {
            "metadata": {"name": name, "namespace": namespace},
            "involvedObject": reference,
            "reason": reason,
            "message": message,
            "type": kind,
            "source": {"component": component},
            "reportingComponent": component,
            "reportingInstance": "",
            "firstTimestamp": stamp,
            "lastTimestamp": stamp,
            "count": 1,
        }
        self._registry.create(EVENT, event)
        self._written.append((self._times.now(), namespace, name))

    def expire(self) -> None:
        """Deletes what is too old or too much."""
        before = self._times.now() - KEPT_SECONDS
        while self._written and (self._written[0][0] < before or len(self._written) > KEPT_AT_MOST):
            _, namespace, name = self._written.popleft()
            if self._registry.store.get(EVENT, namespace, name) is not None:
                self._registry.delete(EVENT, namespace, name)
