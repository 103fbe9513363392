"""Who besides people sets an object, or a workload's replicas: what is written against them they put back."""

from __future__ import annotations

from collections.abc import Iterable

from connectors.failure import one_line
from connectors.kubernetes.argo_rollouts import Rollout
from connectors.kubernetes.keda import ScaledObject
from connectors.kubernetes.objects import Annotations, Autoscaler, Labels, Metadata

Key = tuple[str, str, str]
"""Namespace, kind and name of what is scaled."""

UNSEEN = "unknown (autoscalers not readable)"
"""The owner of ``replicas`` where it cannot be known: not nobody."""

_CONTROLLERS = {"argocd-controller": "argocd", "kustomize-controller": "flux", "helm-controller": "flux"}
"""Field managers of tools that put back what differs. Source: their documentation of server-side apply."""

_NONE = Labels(), Annotations()


def scalers(
    autoscalers: Iterable[Autoscaler], scaled: Iterable[ScaledObject] = (), rollouts: Iterable[Rollout] = ()
) -> dict[Key, str]:
    """What is scaled → who scales it: "hpa api", "keda orders" where one is behind it, "rollout api".

    A scaled object counts without its autoscaler, too: it has none while it is paused, and none at zero pods.
    """
    found = {(one.metadata.namespace, *ref): f"rollout {one.metadata.name}" for one in rollouts if (ref := one.adopts)}
    found |= {(one.metadata.namespace, *one.target): f"keda {one.metadata.name}" for one in scaled}
    for hpa in autoscalers:
        target = hpa.spec.scale_target_ref
        key = (hpa.metadata.namespace, target.kind, target.name)
        found[key] = keda_of(hpa.metadata) or f"hpa {hpa.metadata.name}"
    return found


def keda_of(metadata: Metadata) -> str:
    """The scaled object that made this autoscaler; "" for none."""
    for reference in metadata.owner_references or ():
        if reference.kind == "ScaledObject":
            return f"keda {reference.name}"
    return ""


def manager(metadata: Metadata) -> str:
    """Who keeps this object as it is, by the usual references, labels and field managers; "" for nobody."""
    for reference in metadata.owner_references or ():
        if reference.controller:
            return keda_of(metadata) or one_line(f"{reference.kind.lower()} {reference.name}")
    for tool, name in _told(metadata):
        if name:
            return one_line(f"{tool} {name.split(':', 1)[0]}")
    managers = (_CONTROLLERS.get(one.manager) for one in metadata.managed_fields or ())
    return next((tool for tool in managers if tool), "")


def _told(metadata: Metadata) -> tuple[tuple[str, str], ...]:
    labels, annotations = metadata.labels or _NONE[0], metadata.annotations or _NONE[1]
    return (
        ("argocd", annotations.argocd),
        ("argocd", labels.argocd),
        ("flux", labels.flux_kustomize),
        ("flux", labels.flux_helm),
        ("helm", annotations.helm),
    )
