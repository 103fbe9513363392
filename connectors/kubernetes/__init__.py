"""Kubernetes: what deployments, stateful sets and autoscalers are, and the conditional writes to them.

Reading lists three kinds a namespace, in pages, side by side. Two bulkheads, so that a hung list never keeps a write
waiting. The cluster is pinned by its identity at the first login; another one behind the same name is refused, at each
new login and before each write.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import TypeVar

from connectors import Clock, Connector, ConnectorError
from connectors.deadline import Line, Overdue, within
from connectors.failure import Failed
from connectors.kubernetes.client import THREADS, Api
from connectors.kubernetes.detail import detail_of
from connectors.kubernetes.estate import observed
from connectors.kubernetes.objects import Autoscalers, Review, Workloads
from connectors.kubernetes.read import Reading
from connectors.kubernetes.resources import AUTOSCALERS, READ, Listed, Resource
from connectors.kubernetes.write import Target, apply, probe, target_of
from connectors.settings.kubernetes import Settings
from connectors.threads import Bulkhead
from console.model.change import Applied, Change, Outcome, Probed, RunContext, Verdict
from console.model.component import ComponentId
from console.model.snapshot import Detail, FailureKind, Seen, Snapshot, Unreachable

__all__ = ["KubernetesConnector", "Settings", "open_connector"]

T = TypeVar("T")
FIRST = 15.0  # wall seconds for a login: the import, the kubeconfig, a credential plug-in, one request
SLACK = 0.5  # wall seconds beyond one request's timeout
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


def open_connector(name: str, settings: Settings, clock: Clock) -> Connector:
    """ConnectorError where the settings cannot work; nothing is sent and no client is imported yet."""
    if settings.kubeconfig is not None and not os.path.exists(os.path.expanduser(settings.kubeconfig)):
        raise ConnectorError(f"{name}: kubeconfig {settings.kubeconfig} does not exist")
    if not settings.namespaces:
        raise ConnectorError(f'{name}: namespaces is empty; name at least one, as in ["shop"]')
    return KubernetesConnector(name, settings, clock)


class KubernetesConnector:
    """The port's implementation, and ``may`` for the plan's check of permissions."""

    def __init__(self, name: str, settings: Settings, clock: Clock) -> None:
        self.name = name
        self._settings = settings
        self._clock = clock
        self._reads = Bulkhead(name, THREADS)
        self._writes = Bulkhead(f"{name}-write", 1)
        self._login = asyncio.Lock()
        self._api: Api | None = None
        self._context = settings.context
        self._identity = ""

    async def read(self) -> Seen:
        """All workloads and autoscalers of the namespaces, complete but for what we may not see."""
        at, started = self._clock.now(), self._clock.monotonic()
        try:
            api = await self._open()
            wanted = [(r, n) for n in self._settings.namespaces for r in READ]
            listed = await asyncio.gather(*(self._list(api, resource, namespace) for resource, namespace in wanted))
            _raise_unless_partial(listed)
            # Off the loop: for 500 workloads it takes 33 ms, which the screen would feel.
            components = await self._ask(api, lambda: observed(listed, Reading(self.name, at)))
        except Failed as failed:
            return failed.unreachable(self.name, at)
        return Snapshot(
            self.name,
            at,
            self._clock.monotonic() - started,
            components,
            identity=self._identity,
            problems=tuple(_problem(one) for one in listed if one.failed),
        )

    async def inspect(self, component: ComponentId) -> Detail | Unreachable:
        """The pods of a workload, the facts and conditions of an autoscaler."""
        at = self._clock.now()
        target = target_of(component)
        if target is None:
            return Unreachable(self.name, at, FailureKind.NOT_FOUND, f"{component} is nothing that Kubernetes has")
        try:
            api = await self._open()
            return await self._ask(api, lambda: detail_of(api, target, component, at))
        except Failed as failed:
            return failed.unreachable(self.name, at)

    async def apply(self, change: Change, run: RunContext) -> Applied:
        """One conditional merge-patch with its mark. UNKNOWN only once the patch has left without an answer."""
        target = target_of(change.component)
        if target is None:
            return Applied(Outcome.REJECTED, f"{change.component} is nothing that Kubernetes can set")
        try:
            api = await self._open()
            return await within(self._writes, self._budget, lambda line: self._write(api, target, change, run, line))
        except Failed as failed:
            return Applied(Outcome.REJECTED, f"{change.component}: {failed.reason}; nothing was written")
        except Overdue as overdue:
            if overdue.committed:
                return Applied(Outcome.UNKNOWN, f"{change.component}: the write left and no answer came back")
            return Applied(Outcome.REJECTED, f"{change.component}: timed out before anything was written")

    async def probe(self, change: Change, run: RunContext) -> Probed:
        target = target_of(change.component)
        if target is None:
            return Probed(Verdict.FOREIGN, None, f"{change.component} is nothing that Kubernetes can set")
        try:
            api = await self._open()
            return await self._ask(api, lambda: probe(api, target, change, run))
        except Failed as failed:
            return Probed(Verdict.UNKNOWN, None, f"{change.component}: {failed.reason}")

    async def may(self, verb: str, resource: str, namespace: str) -> bool:
        """Whether our credentials may do ``verb`` to ``resource`` ("deployments.apps", "pods") in ``namespace``.

        Asks the cluster (SelfSubjectAccessReview); ConnectorError where it cannot be asked, which is not a no.
        """
        plural, _, group = resource.partition(".")
        attributes = {"verb": verb, "group": group, "resource": plural, "namespace": namespace}
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        try:
            api = await self._open()
            review = await self._ask(api, lambda: api.post(REVIEWS, body, Review))
        except Failed as failed:
            raise ConnectorError(f"{self.name}: permissions could not be asked for: {failed.reason}") from failed
        return review.status.allowed

    async def close(self) -> None:
        self._reads.close()
        self._writes.close()
        if self._api is not None:
            self._api.close()

    @property
    def _budget(self) -> float:
        return self._settings.timeout + SLACK

    async def _open(self) -> Api:
        """The login that is there, or a new one; Failed where there is none, or it is to another cluster."""
        async with self._login:
            if self._api is None or self._api.expired(self._clock.wall()):
                self._api = None
                self._api = await self._log_in()
            return self._api

    async def _log_in(self) -> Api:
        settings = self._settings
        try:
            api = await within(self._reads, FIRST, lambda _: Api(settings.kubeconfig, self._context, settings.timeout))
        except Overdue as error:
            raise Failed(FailureKind.TIMED_OUT, f"no login within {FIRST:g} s") from error
        if self._identity and api.identity != self._identity:
            api.close()
            raise Failed(FailureKind.PROTOCOL, _stranger(self._identity, api.identity))
        self._identity, self._context = api.identity, api.context
        return api

    async def _ask(self, api: Api, function: Callable[[], T]) -> T:
        """A call in a reading thread; a refused login is dropped, so that the next call logs in anew."""
        try:
            return await within(self._reads, self._budget, lambda _: function())
        except Overdue as error:
            reason = f"{api.server} did not answer within {self._settings.timeout:g} s"
            raise Failed(FailureKind.TIMED_OUT, reason) from error
        except Failed as failed:
            if failed.kind is FailureKind.EXPIRED and self._api is api:
                self._api = None
            raise

    async def _list(self, api: Api, resource: Resource, namespace: str) -> Listed:
        path = resource.path(namespace)
        try:
            if resource is AUTOSCALERS:
                scalers = await self._ask(api, lambda: api.list_all(path, Autoscalers))
                return Listed(resource, namespace, tuple(one for page in scalers for one in page.items or ()))
            workloads = await self._ask(api, lambda: api.list_all(path, Workloads))
            return Listed(resource, namespace, tuple(one for page in workloads for one in page.items or ()))
        except Failed as failed:
            return Listed(resource, namespace, failed=failed)

    def _write(self, api: Api, target: Target, change: Change, run: RunContext, line: Line) -> Applied:
        identity = api.ask_identity()
        if identity != self._identity:
            reason = f"{change.component}: {_stranger(self._identity, identity)}; nothing was written"
            return Applied(Outcome.REJECTED, reason)
        return apply(api, target, change, run, line)


def _stranger(pinned: str, found: str) -> str:
    return f"another cluster answers: {found}, not {pinned}"


def _raise_unless_partial(listed: list[Listed]) -> None:
    """A list that we may not see is a gap to tell of; one that broke off would make components vanish."""
    failures = [one.failed for one in listed if one.failed]
    for failed in failures:
        if failed.kind not in (FailureKind.FORBIDDEN, FailureKind.NOT_FOUND):
            raise failed
    if len(failures) == len(listed):
        raise failures[0]


def _problem(one: Listed) -> str:
    return f"{one.resource.plural} in {one.namespace}: {one.failed.reason if one.failed else ''}"
