"""A KEDA-like operator: a ScaledObject owns an autoscaler on a consumer group's lag, and puts back who edits that.

Source: the documentation of KEDA 2 (ScaledObject, its Kafka scaler, pausing). Of the triggers Kafka's are known.
"""

from __future__ import annotations

from connectors.simulator.kubernetes.conditions import condition
from connectors.simulator.kubernetes.kinds import DEPLOYMENT, HPA, SCALED_OBJECT, STATEFULSET
from connectors.simulator.kubernetes.managed_fields import UPDATE, Manager
from connectors.simulator.kubernetes.objects import Object, dig, name_of, namespace_of, owned_by
from connectors.simulator.kubernetes.plane import Plane
from connectors.simulator.kubernetes.quantities import amount
from connectors.simulator.kubernetes.refusal import Refusal
from connectors.simulator.tick import Tick

PERIOD = 30  # seconds, pollingInterval
LAG_EACH = 500  # messages that a replica may owe
COOLDOWN_SECONDS = 300  # cooldownPeriod: from the last message to no pods at all
MANAGER = "keda"
PAUSED = "autoscaling.keda.sh/paused"
PAUSED_REPLICAS = "autoscaling.keda.sh/paused-replicas"
_COMPONENT = "keda-operator"
_LABEL = "scaledobject.keda.sh/name"
_READY = condition("Ready", True, "ScaledObjectReady", "ScaledObject is defined correctly and is ready for scaling")
_UNREADY = condition(
    "Ready", False, "ScaledObjectCheckFailed", "ScaledObject doesn't have correct scaleTargetRef specification"
)
_ACTIVE = condition("Active", True, "ScalerActive", "Scaling is performed because triggers are active")
_INACTIVE = condition("Active", False, "ScalerNotActive", "Scaling is not performed because triggers are not active")
_SCALED = {kind.name: kind for kind in (DEPLOYMENT, STATEFULSET)}


class Keda:
    """Reconciles scaled objects. ``names`` gets each external metric's name and the group that it is about."""

    def __init__(self, plane: Plane, names: dict[str, str]) -> None:
        self._plane = plane
        self._names = names
        self._lags: dict[str, float] = {}
        self._busy: dict[str, float] = {}  # scaled object's uid -> simulated second of its last message

    def step(self, t: int, tick: Tick) -> None:
        """Polls the triggers, every ``PERIOD`` seconds."""
        if t % PERIOD:
            return
        self._lags = {
            group.name: float(sum(part.end - part.committed for part in group.partitions if part.committed is not None))
            for group in tick.groups
        }
        for scaled in self._plane.registry.store.of(SCALED_OBJECT):
            self._activate(scaled, t)

    def reconcile(self, scaled: Object) -> None:
        """Makes its autoscaler, or makes it again as it should be; while it is paused there is none. Raises Refusal."""
        found = self._target(scaled)
        name, paused = f"keda-hpa-{name_of(scaled)}", is_paused(scaled)
        stands = self._plane.registry.store.get(HPA, namespace_of(scaled), name)
        if paused and stands is not None:
            self._plane.delete(HPA, stands)
        if not paused and found is not None:
            self._autoscale(scaled, name, stands)
        held = _held_at(scaled)
        if found is not None and held is not None and found["spec"]["replicas"] != held:
            self._plane.respec(_SCALED[found["kind"]], found, replicas=held)
        self._say(scaled, found is not None, paused, name)

    def _target(self, scaled: Object) -> Object | None:
        """What it scales; None where there is no such thing."""
        reference = scaled["spec"]["scaleTargetRef"]
        kind = _SCALED.get(str(reference.get("kind", DEPLOYMENT.name)))
        return self._plane.registry.store.get(kind, namespace_of(scaled), reference["name"]) if kind else None

    def _autoscale(self, scaled: Object, name: str, stands: Object | None) -> None:
        wanted = _autoscaler(scaled, name)
        for number, trigger in enumerate(scaled["spec"]["triggers"]):
            self._names[metric_name(number, trigger)] = dig(trigger, "metadata", "consumerGroup", default="")
        manager = Manager(MANAGER, UPDATE, HPA.api_version())
        if stands is None:
            self._plane.registry.create(HPA, wanted, manager=manager)
            return
        namespace = namespace_of(scaled)
        self._plane.registry.update(
            HPA,
            namespace,
            name,
            lambda stored: {**stored, "spec": {**stored["spec"], **wanted["spec"]}},
            manager=manager,
        )

    def _activate(self, scaled: Object, t: float) -> None:
        """Between none and one it is KEDA that scales, by whether there is anything to do."""
        found, uid = self._target(scaled), scaled["metadata"]["uid"]
        if self._active(scaled):
            self._busy[uid] = t
        if found is None or is_paused(scaled):
            return
        replicas = found["spec"]["replicas"]
        least = dig(scaled, "spec", "minReplicaCount", default=0)
        idle = t - self._busy.setdefault(uid, t) >= dig(scaled, "spec", "cooldownPeriod", default=COOLDOWN_SECONDS)
        if self._busy[uid] == t and replicas == 0:
            self._scale(scaled, found, max(least, 1), "KEDAScaleTargetActivated")
        elif least == 0 and replicas and idle:
            self._scale(scaled, found, 0, "KEDAScaleTargetDeactivated")
        self._plane.worklist.mark(SCALED_OBJECT, namespace_of(scaled), name_of(scaled))

    def _scale(self, scaled: Object, target: Object, replicas: int, reason: str) -> None:
        kind, before = target["kind"], target["spec"]["replicas"]
        try:
            self._plane.respec(_SCALED[kind], target, replicas=replicas)
        except Refusal as refused:
            self._plane.recorder.say(scaled, _COMPONENT, "KEDAScaleTargetFailed", str(refused), kind="Warning")
            return
        said = f"Scaled {kind.lower()} {namespace_of(target)}/{name_of(target)} from {before} to {replicas}"
        self._plane.recorder.say(scaled, _COMPONENT, reason, said)

    def _active(self, scaled: Object) -> bool:
        for trigger in scaled["spec"]["triggers"]:
            metadata = trigger.get("metadata", {})
            if self._lags.get(metadata.get("consumerGroup", ""), 0.0) > amount(
                metadata.get("activationLagThreshold", "0")
            ):
                return True
        return False

    def _say(self, scaled: Object, found: bool, paused: bool, name: str) -> None:
        active = self._active(scaled)
        wanted = [
            _READY if found else _UNREADY,
            _ACTIVE if active else _INACTIVE,
            condition("Fallback", False, "NoFallbackFound", "No fallbacks are active on this scaled object"),
            condition("Paused", paused, "ScaledObjectPaused" if paused else ""),
        ]
        triggers = scaled["spec"]["triggers"]
        kind = dig(scaled, "spec", "scaleTargetRef", "kind", default=DEPLOYMENT.name)
        status: Object = {
            "conditions": wanted,
            "externalMetricNames": [metric_name(number, trigger) for number, trigger in enumerate(triggers)],
            "hpaName": name,
            "scaleTargetKind": f"apps/v1.{kind}",
            "triggersTypes": ",".join(str(trigger.get("type")) for trigger in triggers),
        }
        if (count := _held_at(scaled)) is not None:
            status["pausedReplicaCount"] = count
        self._plane.registry.set_status(SCALED_OBJECT, scaled, status)


def metric_name(number: int, trigger: Object) -> str:
    """The external metric of a trigger, as KEDA names it: s0-kafka-orders."""
    topic = dig(trigger, "metadata", "topic", default="")
    return f"s{number}-{trigger.get('type')}-{topic or 'topics'}"


def is_paused(scaled: Object) -> bool:
    """Whether an annotation holds it still."""
    said = str(dig(scaled, "metadata", "annotations", default={}).get(PAUSED, "")).lower()
    return said == "true" or _held_at(scaled) is not None


def scaled_object(namespace: str, workload: str, groups: tuple[str, ...], bounds: tuple[int, int]) -> Object:
    """A ScaledObject for a workload that consumes these groups' topics, each of its group's name."""
    triggers = [
        {
            "type": "kafka",
            "metadata": {
                "bootstrapServers": "kafka:9092",
                "consumerGroup": group,
                "topic": group,
                "lagThreshold": str(LAG_EACH),
            },
        }
        for group in groups
    ]
    return {
        "metadata": {"name": workload, "namespace": namespace, "labels": {"app": workload}},
        "spec": {
            "scaleTargetRef": {"name": workload},
            "minReplicaCount": bounds[0],
            "maxReplicaCount": bounds[1],
            "triggers": triggers,
        },
    }


def _held_at(scaled: Object) -> int | None:
    text = str(dig(scaled, "metadata", "annotations", default={}).get(PAUSED_REPLICAS, ""))
    return int(text) if text.isascii() and text.isdecimal() else None


def _autoscaler(scaled: Object, name: str) -> Object:
    spec, target = scaled["spec"], dig(scaled, "spec", "scaleTargetRef", default={})
    metrics = []
    for number, trigger in enumerate(spec["triggers"]):
        identifier = {"name": metric_name(number, trigger), "selector": {"matchLabels": {_LABEL: name_of(scaled)}}}
        each = str(dig(trigger, "metadata", "lagThreshold", default="10"))
        goal = {"type": "AverageValue", "averageValue": each}
        metrics.append({"type": "External", "external": {"metric": identifier, "target": goal}})
    labels = {"app.kubernetes.io/managed-by": _COMPONENT, "app.kubernetes.io/name": name, _LABEL: name_of(scaled)}
    behavior = dig(spec, "advanced", "horizontalPodAutoscalerConfig", "behavior")
    return {
        "metadata": {
            "name": name,
            "namespace": namespace_of(scaled),
            "labels": labels,
            "ownerReferences": owned_by(scaled),
        },
        "spec": {
            "scaleTargetRef": {
                "apiVersion": "apps/v1",
                "kind": target.get("kind", DEPLOYMENT.name),
                "name": target["name"],
            },
            "minReplicas": max(1, spec.get("minReplicaCount", 0)),
            "maxReplicas": spec.get("maxReplicaCount", 100),
            "metrics": metrics,
            **({"behavior": behavior} if behavior else {}),
        },
    }
