"""What the server fills in where a client left a field out: the part of k8s.io's defaulting that shows on our kinds."""

from __future__ import annotations

import base64
from collections.abc import Callable

from connectors.simulator.kubernetes.conversion import cpu_metric
from connectors.simulator.kubernetes.kinds import (
    CRONJOB,
    DAEMONSET,
    DEPLOYMENT,
    HPA,
    JOB,
    LEASE,
    NAMESPACE,
    POD,
    REPLICASET,
    SECRET,
    SERVICE,
    STATEFULSET,
    Kind,
)
from connectors.simulator.kubernetes.objects import Object, copied

SCALE_UP: Object = {
    "stabilizationWindowSeconds": 0,
    "selectPolicy": "Max",
    "policies": [
        {"type": "Pods", "value": 4, "periodSeconds": 15},
        {"type": "Percent", "value": 100, "periodSeconds": 15},
    ],
}
SCALE_DOWN: Object = {
    "stabilizationWindowSeconds": 300,  # the controller's own default; the server leaves it out of the object
    "selectPolicy": "Max",
    "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}],
}
_ROLLING: Object = {"maxUnavailable": "25%", "maxSurge": "25%"}
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_PROBE: Object = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
_ALONE: Object = {"enableServiceLinks": True, "preemptionPolicy": "PreemptLowerPriority", "priority": 0}
_POD_SPEC: Object = {
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "dnsPolicy": "ClusterFirst",
    "securityContext": {},
    "schedulerName": "default-scheduler",
}


def defaulted(obj: Object, kind: Kind) -> Object:
    """The object with its defaults. It must be shaped as its kind (see ``shapes.misfit``)."""
    fill = _BY_KIND.get(kind)
    return fill(obj) if fill else obj


def _spec(obj: Object, **defaults: object) -> Object:
    return {**obj, "spec": {**copied(defaults), **obj.get("spec", {})}}


def _deployment(obj: Object) -> Object:
    obj = _spec(obj, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600)
    strategy = obj["spec"].get("strategy") or {}
    if strategy.get("type", "RollingUpdate") == "RollingUpdate":
        strategy = {
            "type": "RollingUpdate",
            **strategy,
            "rollingUpdate": {**_ROLLING, **(strategy.get("rollingUpdate") or {})},
        }
    obj["spec"]["strategy"] = strategy
    return _with_template(obj)


def _replicated(obj: Object) -> Object:
    return _with_template(_spec(obj, replicas=1))


def _stateful(obj: Object) -> Object:
    kept = {"whenDeleted": "Retain", "whenScaled": "Retain"}
    obj = _spec(obj, replicas=1, podManagementPolicy="OrderedReady", revisionHistoryLimit=10)
    obj = _spec(obj, updateStrategy=_rolling(obj, partition=0), persistentVolumeClaimRetentionPolicy=kept)
    return _with_template(obj)


def _daemon(obj: Object) -> Object:
    return _with_template(
        _spec(obj, revisionHistoryLimit=10, updateStrategy=_rolling(obj, maxUnavailable=1, maxSurge=0))
    )


def _rolling(obj: Object, **limits: int) -> Object:
    """The update strategy that was given, or the default one, with its limits."""
    given = obj.get("spec", {}).pop("updateStrategy", None) or {}
    if given.get("type", "RollingUpdate") != "RollingUpdate":
        return dict(given)
    return {"type": "RollingUpdate", **given, "rollingUpdate": {**limits, **(given.get("rollingUpdate") or {})}}


def _job(obj: Object) -> Object:
    obj = _spec(
        obj,
        parallelism=1,
        backoffLimit=6,
        suspend=False,
        manualSelector=False,
        completionMode="NonIndexed",
        podReplacementPolicy="TerminatingOrFailed",
    )
    if "completions" not in obj["spec"]:
        obj["spec"]["completions"] = 1
    return _with_template(obj)


def _cron_job(obj: Object) -> Object:
    histories = {"successfulJobsHistoryLimit": 3, "failedJobsHistoryLimit": 1}
    obj = _spec(obj, concurrencyPolicy="Allow", suspend=False, **histories)
    template = obj["spec"].get("jobTemplate")
    if isinstance(template, dict):
        obj["spec"]["jobTemplate"] = {**template, **_with_template(_spec(template))}
    return obj


def _with_template(obj: Object) -> Object:
    template = obj["spec"].get("template")
    if not isinstance(template, dict):
        return obj
    return {**obj, "spec": {**obj["spec"], "template": _pod(template)}}


def _single_pod(obj: Object) -> Object:
    """What a pod gets and its template does not: of defaulting, and of admission by priority."""
    return _spec(_pod(obj), **_ALONE)


def _pod(obj: Object) -> Object:
    obj = _spec(obj, **_POD_SPEC)
    containers = obj["spec"].get("containers")
    if isinstance(containers, list):
        obj["spec"]["containers"] = [_container(item) if isinstance(item, dict) else item for item in containers]
    return obj


def _container(container: Object) -> Object:
    image = str(container.get("image", ""))
    latest = image.endswith(":latest") or ":" not in image.rsplit("/", 1)[-1]
    if isinstance(container.get("ports"), list):
        ports = [{"protocol": "TCP", **port} if isinstance(port, dict) else port for port in container["ports"]]
        container = {**container, "ports": ports}
    for name in _PROBES:
        if isinstance(container.get(name), dict):
            container = {**container, name: _probe(container[name])}
    return {
        "resources": {},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "Always" if latest else "IfNotPresent",
        **container,
    }


def _probe(probe: Object) -> Object:
    if isinstance(probe.get("httpGet"), dict):
        probe = {**probe, "httpGet": {"path": "/", "scheme": "HTTP", **probe["httpGet"]}}
    return {**_PROBE, **probe}


def _hpa(obj: Object) -> Object:
    obj = _spec(obj, minReplicas=1)
    spec = obj["spec"]
    if not spec.get("metrics"):
        spec["metrics"] = [cpu_metric(80)]
    if isinstance(spec.get("behavior"), dict):
        spec["behavior"] = _behavior(spec["behavior"])
    return obj


def _behavior(behavior: Object) -> Object:
    """As soon as one direction is given, both are filled (SetDefaults_HorizontalPodAutoscalerBehavior)."""
    down = {key: value for key, value in SCALE_DOWN.items() if key != "stabilizationWindowSeconds"}
    return {
        "scaleUp": {**copied(SCALE_UP), **(behavior.get("scaleUp") or {})},
        "scaleDown": {**copied(down), **(behavior.get("scaleDown") or {})},
    }


def _service(obj: Object) -> Object:
    obj = _spec(obj, type="ClusterIP", sessionAffinity="None", internalTrafficPolicy="Cluster")
    ports = obj["spec"].get("ports", [])
    obj["spec"]["ports"] = [{"protocol": "TCP", "targetPort": port.get("port"), **port} for port in ports]
    return obj


def _secret(obj: Object) -> Object:
    """``stringData`` is for writing only: it becomes data."""
    obj = {"type": "Opaque", **obj}
    plain = obj.pop("stringData", None) or {}
    encoded = {key: base64.b64encode(str(value).encode()).decode() for key, value in plain.items()}
    return {**obj, "data": {**(obj.get("data") or {}), **encoded}} if encoded else obj


def _namespace(obj: Object) -> Object:
    labels = {"kubernetes.io/metadata.name": obj["metadata"].get("name", ""), **obj["metadata"].get("labels", {})}
    obj = _spec(obj, finalizers=["kubernetes"])
    return {**obj, "metadata": {**obj["metadata"], "labels": labels}, "status": {"phase": "Active"}}


def _lease(obj: Object) -> Object:
    return _spec(obj)


_BY_KIND: dict[Kind, Callable[[Object], Object]] = {
    DEPLOYMENT: _deployment,
    REPLICASET: _replicated,
    STATEFULSET: _stateful,
    DAEMONSET: _daemon,
    JOB: _job,
    CRONJOB: _cron_job,
    POD: _single_pod,
    HPA: _hpa,
    SECRET: _secret,
    SERVICE: _service,
    NAMESPACE: _namespace,
    LEASE: _lease,
}
