"""Which Services are a Prometheus, a Redis or a Kafka, and how they are reached from here. Pure; by names and ports."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from connectors.discovery import Service

LABELS = ("app.kubernetes.io/name", "app", "strimzi.io/kind")
HERE = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Sort:
    """How one system's Services look. ``paths``: where its query API is, by a word in the name; "" elsewhere."""

    system: str
    words: re.Pattern[str]
    others: re.Pattern[str]  # what has the word in its name and is something else
    ports: tuple[int, ...]  # the usual ones, best first
    paths: tuple[tuple[str, str], ...] = ()


SORTS = (
    Sort(
        "prometheus",
        re.compile(r"prometheus|thanos-query|mimir|victoria-?metrics|vmsingle|vmselect"),
        re.compile(
            r"exporter|operator|alertmanager|pushgateway|adapter|sidecar|kube-state|blackbox|distributor|ingester"
        ),
        (9090, 10902, 8428, 8481, 8080),
        (("mimir", "/prometheus"), ("vmselect", "/select/0/prometheus")),
    ),
    Sort(
        "kafka",
        re.compile(r"kafka|redpanda"),
        re.compile(
            r"exporter|connect|ui|zookeeper|schema|rest|bridge|operator|brokers|entity|console|headless|metrics"
        ),
        (9092, 9093),
    ),
    Sort(
        "redis",
        re.compile(r"redis|valkey|keydb|dragonfly"),
        re.compile(r"exporter|commander|insight|metrics|headless|replica|slave|operator"),
        (6379, 26379),
    ),
)


@dataclass(frozen=True, slots=True)
class Backend:
    """One Service that looks like ``system``. ``why`` in words; ``path`` of its API behind the address."""

    system: str
    service: Service
    port: int
    why: str
    certain: int
    path: str = ""

    @property
    def inside(self) -> str:
        """``host:port`` within the cluster."""
        return f"{self.service.name}.{self.service.namespace}.svc:{self.port}"

    def address(self, inside: bool) -> str:
        """``host:port`` from here: within the cluster, at its load balancer, or where a port-forward would be."""
        if inside:
            return self.inside
        return f"{self.service.outside[0] if self.service.outside else HERE}:{self.port}"

    def forwarded(self, inside: bool) -> str:
        """The command without which the address leads nowhere; "" where it needs none."""
        if inside or self.service.outside:
            return ""
        return f"kubectl -n {self.service.namespace} port-forward svc/{self.service.name} {self.port}:{self.port}"


def backends(services: Iterable[Service], system: str) -> tuple[Backend, ...]:
    """The Services that look like it, the most certain first."""
    sort = next(each for each in SORTS if each.system == system)
    found = [each for each in (_backend(service, sort) for service in services) if each is not None]
    return tuple(sorted(found, key=lambda each: -each.certain))


def _backend(service: Service, sort: Sort) -> Backend | None:
    if not service.ports or sort.others.search(service.name):
        return None
    labels = [key for key in LABELS if sort.words.search(service.labels.get(key, "").lower())]
    named, port = sort.words.search(service.name) is not None, _port(service, sort)
    usual = port in sort.ports
    reasons = [f"its label {key} is {service.labels[key]}" for key in labels]
    reasons += [f"its name is {service.name}"] if named else []
    reasons += [f"it has port {port}"] if usual else []
    certain = 4 * bool(labels) + 2 * named + usual
    if certain < 2 and not (usual and port == sort.ports[0]):
        return None
    path = next((each for word, each in sort.paths if word in service.name), "")
    return Backend(sort.system, service, port, ", ".join(reasons), certain, path)


def _port(service: Service, sort: Sort) -> int:
    numbers = [number for _, number in service.ports]
    usual = next((each for each in sort.ports if each in numbers), None)
    return numbers[0] if usual is None else usual
