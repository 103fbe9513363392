"""Lists what a first config can be guessed from: Services, workloads, autoscalers, Ingresses. For ``init`` alone.

All namespaces where that is permitted, else the context's own. What may not be listed is said, and the rest is used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar

import msgspec

from connectors.deadline import Overdue, within
from connectors.discovery import Cluster, Ingress, Service, Workload
from connectors.failure import Failed
from connectors.kubernetes.client import PAGE, Api
from connectors.threads import Bulkhead
from console.model.snapshot import FailureKind, Unreachable

T = TypeVar("T")
DEADLINE = 40.0  # wall seconds for the login and all lists
TIMEOUT = 5.0  # wall seconds a request
PAGES = 20  # of one list; nobody reads a config of more than 10,000 lines
IN_CLUSTER = "in-cluster"


class _Metadata(msgspec.Struct, frozen=True):
    name: str
    namespace: str = ""
    labels: dict[str, str] | None = None


class _Port(msgspec.Struct, frozen=True):
    port: int
    name: str = ""


class _Address(msgspec.Struct, frozen=True):
    ip: str = ""
    hostname: str = ""


class _Balancer(msgspec.Struct, frozen=True):
    ingress: tuple[_Address, ...] | None = None


class _ServiceStatus(msgspec.Struct, frozen=True):
    balancer: _Balancer = msgspec.field(default=_Balancer(), name="loadBalancer")


class _ServiceSpec(msgspec.Struct, frozen=True):
    ports: tuple[_Port, ...] | None = None


class _Service(msgspec.Struct, frozen=True):
    metadata: _Metadata
    spec: _ServiceSpec = _ServiceSpec()
    status: _ServiceStatus = _ServiceStatus()


class _Container(msgspec.Struct, frozen=True):
    name: str
    image: str = ""


class _PodSpec(msgspec.Struct, frozen=True):
    containers: tuple[_Container, ...] = ()


class _Template(msgspec.Struct, frozen=True):
    spec: _PodSpec = _PodSpec()


class _WorkloadSpec(msgspec.Struct, frozen=True):
    template: _Template = _Template()


class _Workload(msgspec.Struct, frozen=True):
    metadata: _Metadata
    spec: _WorkloadSpec = _WorkloadSpec()


class _Scaled(msgspec.Struct, frozen=True):
    kind: str
    name: str


class _AutoscalerSpec(msgspec.Struct, frozen=True):
    target: _Scaled = msgspec.field(name="scaleTargetRef")


class _Autoscaler(msgspec.Struct, frozen=True):
    metadata: _Metadata
    spec: _AutoscalerSpec


class _Host(msgspec.Struct, frozen=True):
    host: str = ""


class _Certificate(msgspec.Struct, frozen=True):
    hosts: tuple[str, ...] | None = None


class _IngressSpec(msgspec.Struct, frozen=True):
    rules: tuple[_Host, ...] | None = None
    tls: tuple[_Certificate, ...] | None = None


class _Ingress(msgspec.Struct, frozen=True):
    metadata: _Metadata
    spec: _IngressSpec = _IngressSpec()


class _Marks(msgspec.Struct, frozen=True):
    continue_: str = msgspec.field(default="", name="continue")


class _List(msgspec.Struct, Generic[T], frozen=True):
    metadata: _Marks
    items: tuple[T, ...] | None = None


async def discover(
    kubeconfig: str | None, context: str | None, namespaces: tuple[str, ...] = ()
) -> Cluster | Unreachable:
    """The cluster of a context (None: the current one); why not, where it cannot be asked at all."""
    bulkhead = Bulkhead("discover", 1)
    try:
        return await within(bulkhead, DEADLINE, lambda _: _cluster(kubeconfig, context, namespaces))
    except Failed as failed:
        return failed.unreachable("kubernetes", 0.0)
    except Overdue:
        reason = f"the cluster did not answer within {DEADLINE:g}s"
        return Failed(FailureKind.TIMED_OUT, reason).unreachable("kubernetes", 0.0)
    finally:
        bulkhead.close()


def _cluster(kubeconfig: str | None, context: str | None, namespaces: tuple[str, ...]) -> Cluster:
    api = Api(kubeconfig, context, TIMEOUT)
    try:
        problems: list[str] = []
        own = (api.namespace,)
        services = _listed(api, "/api/v1", "services", _List[_Service], namespaces, own, problems)
        scalers = _listed(
            api, "/apis/autoscaling/v2", "horizontalpodautoscalers", _List[_Autoscaler], namespaces, own, problems
        )
        scaled = {
            (each.spec.target.kind.lower(), each.metadata.namespace, each.spec.target.name): each.metadata.name
            for each in scalers
        }
        workloads = tuple(
            _workload(each, kind, scaled.get((kind, each.metadata.namespace, each.metadata.name), ""))
            for kind in ("deployment", "statefulset")
            for each in _listed(api, "/apis/apps/v1", f"{kind}s", _List[_Workload], namespaces, own, problems)
        )
        ingresses = _listed(api, "/apis/networking.k8s.io/v1", "ingresses", _List[_Ingress], namespaces, own, problems)
        return Cluster(
            api.server,
            api.context,
            api.context == IN_CLUSTER,
            tuple(map(_service, services)),
            workloads,
            tuple(map(_ingress, ingresses)),
            tuple(problems),
        )
    finally:
        api.close()


def _listed(
    api: Api,
    group: str,
    plural: str,
    type_: type[_List[T]],
    namespaces: Sequence[str],
    own: Sequence[str],
    problems: list[str],
) -> tuple[T, ...]:
    """Of the namespaces, or of all; where all are forbidden, of our own. What failed is added to ``problems``.

    A kind that the cluster does not have is none of it, and no problem.
    """
    try:
        if namespaces:
            return tuple(
                one for each in namespaces for one in _pages(api, f"{group}/namespaces/{each}/{plural}", type_)
            )
        return tuple(_pages(api, f"{group}/{plural}", type_))
    except Failed as failed:
        if failed.kind is FailureKind.NOT_FOUND:
            return ()
        problems.append(f"{plural}: {failed.reason}")
        if namespaces or failed.kind is not FailureKind.FORBIDDEN:
            return ()
    return _listed(api, group, plural, type_, own, own, problems)


def _pages(api: Api, path: str, type_: type[_List[T]]) -> Iterator[T]:
    after = ""
    for _ in range(PAGES):
        page = api.get(path, type_, [("limit", str(PAGE)), *([("continue", after)] if after else [])])
        yield from page.items or ()
        after = page.metadata.continue_
        if not after:
            return


def _service(seen: _Service) -> Service:
    return Service(
        seen.metadata.namespace,
        seen.metadata.name,
        tuple((each.name, each.port) for each in seen.spec.ports or ()),
        seen.metadata.labels or {},
        tuple(each.ip or each.hostname for each in seen.status.balancer.ingress or ()),
    )


def _ingress(seen: _Ingress) -> Ingress:
    hosts = dict.fromkeys(each.host for each in seen.spec.rules or () if each.host and "*" not in each.host)
    secure = frozenset(host for each in seen.spec.tls or () for host in each.hosts or ())
    return Ingress(seen.metadata.namespace, seen.metadata.name, tuple(hosts), secure)


def _workload(seen: _Workload, kind: str, autoscaler: str) -> Workload:
    containers = seen.spec.template.spec.containers
    return Workload(
        kind,
        seen.metadata.namespace,
        seen.metadata.name,
        tuple(each.name for each in containers),
        tuple(each.image for each in containers),
        autoscaler,
    )
