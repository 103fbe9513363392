"""What stands in a cluster, as far as a first config can be guessed from it. Plain values; nothing of a client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Service:
    """``outside``: addresses under which a load balancer says it can be reached from outside the cluster."""

    namespace: str
    name: str
    ports: tuple[tuple[str, int], ...]  # name ("" for the only one) and number
    labels: Mapping[str, str] = field(default_factory=dict)
    outside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Workload:
    """``kind`` as in a component's id: ``deployment``, ``statefulset``. ``autoscaler``: the name of its own, or ""."""

    kind: str
    namespace: str
    name: str
    containers: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    autoscaler: str = ""


@dataclass(frozen=True, slots=True)
class Ingress:
    """``hosts``: the names that users come by, without wildcards; ``secure`` are those with a certificate."""

    namespace: str
    name: str
    hosts: tuple[str, ...] = ()
    secure: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Cluster:
    """``problems``: what could not be listed, one line each. ``inside``: we run in a pod of this very cluster."""

    server: str
    context: str
    inside: bool
    services: tuple[Service, ...] = ()
    workloads: tuple[Workload, ...] = ()
    ingresses: tuple[Ingress, ...] = ()
    problems: tuple[str, ...] = ()
