"""Events: what the controllers say about what they do. Old ones go, as the real ones do after an hour.

The same words about the same object are one event with a count, as client-go's correlator has it.
"""

from __future__ import annotations

from collections import deque

from connectors.simulator.kubernetes.identity import Times
from connectors.simulator.kubernetes.kinds import EVENT
from connectors.simulator.kubernetes.objects import Object, name_of, namespace_of
from connectors.simulator.kubernetes.registry import Registry

KEPT_SECONDS = 3600  # --event-ttl of the API server
KEPT_AT_MOST = 1000

_Said = tuple[str, str, str, str, str]  # (uid or name, component, reason, message, type)


class Recorder:
    """Writes events and lets them expire."""

    def __init__(self, registry: Registry, times: Times) -> None:
        self._registry = registry
        self._times = times
        self._written: deque[tuple[float, _Said]] = deque()  # when last said, oldest first
        self._kept: dict[_Said, tuple[float, str, str]] = {}  # (when last said, namespace, name)

    def say(
        self, about: Object, component: str, reason: str, message: str, kind: str = "Normal", field: str = ""
    ) -> None:
        """One event on an object, in its namespace. ``field`` is the part of it that is meant.

        Nothing is written of what would have expired before the estate was opened.
        """
        now = self._times.now()
        if now < -KEPT_SECONDS:
            return
        said = (str(about["metadata"].get("uid") or name_of(about)), component, reason, message, kind)
        if not self._again(said):
            self._first(said, about, field)
        self._kept[said] = (now, *self._kept[said][1:])
        self._written.append((now, said))
        if len(self._kept) > KEPT_AT_MOST:
            self._drop()

    def expire(self) -> None:
        """Deletes what is too old."""
        before = self._times.now() - KEPT_SECONDS
        while self._written and self._written[0][0] < before:
            self._drop()

    def _drop(self) -> None:
        """Lets the oldest go, unless it has been said again since."""
        at, said = self._written.popleft()
        last, namespace, name = self._kept.get(said, (at, "", ""))
        if last != at:
            return
        self._kept.pop(said, None)
        if self._registry.store.get(EVENT, namespace, name) is not None:
            self._registry.store.remove(EVENT, namespace, name)

    def _again(self, said: _Said) -> bool:
        """Counts one up; False where it was not said before, or its event was deleted."""
        _, namespace, name = self._kept.get(said, (0.0, "", ""))
        event = self._registry.store.get(EVENT, namespace, name)
        if event is None:
            return False
        counted = {"count": int(event.get("count", 1)) + 1, "lastTimestamp": self._times.stamp()}
        self._registry.store.put(EVENT, {**event, "metadata": dict(event["metadata"]), **counted})
        return True

    def _first(self, said: _Said, about: Object, field: str) -> None:
        stamp, uid = self._times.stamp(), self._registry.identity.uid()
        _, component, reason, message, kind = said
        namespace, name = namespace_of(about) or "default", f"{name_of(about)}.{uid.replace('-', '')[:16]}"
        event = {
            "kind": EVENT.name,
            "apiVersion": EVENT.api_version(),
            "metadata": {"name": name, "namespace": namespace, "uid": uid, "creationTimestamp": stamp},
            "involvedObject": _reference(about, field),
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
        self._registry.store.put(EVENT, event)  # ours: there is nothing to validate or to default
        self._kept[said] = (self._times.now(), namespace, name)


def _reference(about: Object, field: str) -> Object:
    kept = {key: about["metadata"][key] for key in ("namespace", "uid", "resourceVersion") if key in about["metadata"]}
    reference = {"kind": about["kind"], "apiVersion": about["apiVersion"], "name": name_of(about), **kept}
    return {**reference, "fieldPath": field} if field else reference
