"""Kubernetes: what its workloads, autoscalers and the rest of an estate are, and the conditional writes to them.

Reading is ``sight``'s: lists in pages at first, watches from then on. Two bulkheads, so that a hung list never keeps a
write waiting. That it is still the same cluster is asked before each write.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import TypeVar

from connectors import Clock, Connector, ConnectorError
from connectors.deadline import Line, Overdue, within
from connectors.failure import Failed
from connectors.kubernetes.behind import behind
from connectors.kubernetes.calls import Calls
from connectors.kubernetes.client import THREADS, Api
from connectors.kubernetes.detail import detail_of
from connectors.kubernetes.entrance import Entrance, stranger
from connectors.kubernetes.estate import observed
from connectors.kubernetes.examine import REVIEWS, Examiner, review, unreached
from connectors.kubernetes.inquiry import Inquiry
from connectors.kubernetes.objects import Review
from connectors.kubernetes.read import Reading
from connectors.kubernetes.resources import EVERYWHERE, Listed
from connectors.kubernetes.uncollected import uncollected
from connectors.kubernetes.write import Target, apply, probe, target_of
from connectors.settings.kubernetes import Settings
from connectors.threads import Bulkhead
from console.model.change import Applied, Change, Outcome, Probed, RunContext, Verdict
from console.model.component import ComponentId
from console.model.examination import Examination, Write
from console.model.snapshot import Detail, FailureKind, Observed, Seen, Snapshot, Unreachable

__all__ = ["KubernetesConnector", "Settings", "open_connector"]

T = TypeVar("T")
LONGEST = 20.0  # wall seconds for a reading of many namespaces, however many requests it takes


def open_connector(name: str, settings: Settings, clock: Clock) -> Connector:
    """ConnectorError where the settings cannot work; nothing is sent and no client is imported yet."""
    places = [place for place in (settings.kubeconfig or "").split(os.pathsep) if place]
    if places and not any(os.path.exists(os.path.expanduser(place)) for place in places):
        raise ConnectorError(f"{name}: kubeconfig {settings.kubeconfig} does not exist")
    if settings.namespaces is not None and not all(settings.namespaces or ("",)):
        raise ConnectorError(f'{name}: namespaces is empty; name at least one, as in ["shop"], or "*" for all')
    return KubernetesConnector(name, settings, clock)


class KubernetesConnector:
    """The port's implementation, and ``may`` for the plan's check of permissions."""

    def __init__(self, name: str, settings: Settings, clock: Clock) -> None:
        self.name = name
        self._settings = settings
        self._clock = clock
        self._calls = Calls(name, THREADS, settings.timeout)
        self._writes = Bulkhead(f"{name}-write", 1)
        self._entrance = Entrance(settings, clock, self._calls)

    async def read(self) -> Seen:
        """All that the namespaces have, complete but for what we may not see."""
        started = self._clock.monotonic()
        try:
            api, listed, unread = await self._seen()
            at = max(one.at for one in listed)
            # Off the loop: for 500 workloads it takes 33 ms, which the screen would feel.
            components = await self._ask(api, lambda: _components(listed, Reading(self.name, at)))
        except Failed as failed:
            return failed.unreachable(self.name, self._clock.now())
        return Snapshot(
            self.name,
            at,
            self._clock.monotonic() - started,
            components,
            identity=self._entrance.identity,
            problems=(*(_problem(one) for one in listed if one.failed and not _beyond(one)), *unread),
            skew=api.skew,
        )

    async def _seen(self) -> tuple[Api, list[Listed], tuple[str, ...]]:
        """What there is, and what could not be read; with a new login where the one that was there has ended."""
        before = self._entrance.present
        api = await self._entrance.open()
        try:
            return api, *await self._look(api)
        except Failed as failed:
            self._entrance.doubt(api, failed)
            if failed.kind is not FailureKind.EXPIRED or api is not before:
                raise
        api = await self._entrance.open()
        return api, *await self._look(api)

    async def _look(self, api: Api) -> tuple[list[Listed], tuple[str, ...]]:
        sight = self._entrance.sight(api)
        try:
            async with asyncio.timeout(LONGEST):
                listed = await sight.read()
        except TimeoutError as error:
            reason = f"{api.server} was not read within {LONGEST:g} s"
            raise Failed(FailureKind.TIMED_OUT, reason) from error
        _raise_unless_partial(listed)
        return listed, sight.problems

    async def inspect(self, component: ComponentId) -> Detail | Unreachable:
        """What a person asks about one component: the pods of a workload, a pod's log, an autoscaler's metrics."""
        try:
            return await self._detail(component)
        except Failed as failed:
            return failed.unreachable(self.name, self._clock.now())

    async def _detail(self, component: ComponentId) -> Detail:
        api = await self._entrance.open()
        try:
            async with asyncio.timeout(LONGEST):
                return await detail_of(Inquiry(api, self._calls, component, self._clock.now()))
        except TimeoutError as error:
            raise Failed(FailureKind.TIMED_OUT, f"{api.server} did not tell it within {LONGEST:g} s") from error
        except Failed as failed:
            self._entrance.doubt(api, failed)
            raise

    async def apply(self, change: Change, run: RunContext) -> Applied:
        """One conditional merge-patch with its mark. UNKNOWN only once the patch has left without an answer."""
        target = target_of(change.component)
        if target is None:
            return Applied(Outcome.REJECTED, f"{change.component} is nothing that Kubernetes can set")
        try:
            api = await self._entrance.open()
            return await within(
                self._writes, self._calls.budget, lambda line: self._write(api, target, change, run, line)
            )
        except Failed as failed:
            return Applied(Outcome.REJECTED, f"{change.component}: {failed.reason}; nothing was written")
        except Overdue as overdue:
            if overdue.committed:
                return Applied(Outcome.UNKNOWN, f"{change.component}: the write left and no answer came back")
            return Applied(Outcome.REJECTED, f"{change.component}: timed out before anything was written")
        finally:
            if self._entrance.watched is not None:
                self._entrance.watched.doubt(target.resource, target.namespace)

    async def probe(self, change: Change, run: RunContext) -> Probed:
        target = target_of(change.component)
        if target is None:
            return Probed(Verdict.FOREIGN, None, f"{change.component} is nothing that Kubernetes can set")
        try:
            api = await self._entrance.open()
            return await self._ask(api, lambda: probe(api, target, change, run))
        except Failed as failed:
            return Probed(Verdict.UNKNOWN, None, f"{change.component}: {failed.reason}")

    async def may(self, verb: str, resource: str, namespace: str) -> bool:
        """Whether our credentials may do ``verb`` to ``resource`` ("deployments.apps", "pods") in ``namespace``.

        Asks the cluster (SelfSubjectAccessReview); ConnectorError where it cannot be asked, which is not a no.
        """
        plural, _, group = resource.partition(".")
        body = review(verb, group, plural, "", namespace)
        try:
            api = await self._entrance.open()
            told = await self._ask(api, lambda: api.post(REVIEWS, body, Review))
        except Failed as failed:
            raise ConnectorError(f"{self.name}: permissions could not be asked for: {failed.reason}") from failed
        return told.status.allowed

    async def examine(self, writes: tuple[Write, ...]) -> Examination:
        """What these credentials may read and write here; asked, tried and never done."""
        try:
            api = await self._entrance.open()
        except Failed as failed:
            return unreached(self.name, self._settings.kubeconfig or "kubeconfig", failed, writes)
        examiner = Examiner(self.name, api, lambda function: self._ask(api, function))
        return await examiner.examination(self._entrance.namespaces(api), writes)

    def behind(self, component: ComponentId, signal: str) -> str:
        """The kubectl command that shows the same."""
        return behind(component, signal, self._settings)

    async def close(self) -> None:
        self._calls.close()
        self._writes.close()
        self._entrance.leave()

    async def _ask(self, api: Api, function: Callable[[], T]) -> T:
        """A call in a reading thread."""
        try:
            return await self._calls.ask(api.server, function)
        except Failed as failed:
            self._entrance.doubt(api, failed)
            raise

    def _write(self, api: Api, target: Target, change: Change, run: RunContext, line: Line) -> Applied:
        identity = api.ask_identity()
        if identity != self._entrance.identity:
            reason = f"{change.component}: {stranger(self._entrance.identity, identity)}; nothing was written"
            return Applied(Outcome.REJECTED, reason)
        return apply(api, target, change, run, line)


def _components(listed: list[Listed], reading: Reading) -> tuple[Observed, ...]:
    with uncollected():
        return observed(listed, reading)


def _raise_unless_partial(listed: list[Listed]) -> None:
    """What we may not see, an add-on does not say, or is shown as it was the last time, is a gap to tell of; a list of
    the cluster's own that broke off the first time would make components vanish."""
    failures = [one.failed for one in listed if one.failed]
    for one in listed:
        if one.failed and not _gap(one, one.failed):
            raise one.failed
    if failures and len(failures) == len(listed):
        raise failures[0]


def _gap(one: Listed, failed: Failed) -> bool:
    if failed.kind in (FailureKind.FORBIDDEN, FailureKind.NOT_FOUND):
        return True
    return (one.resource.optional or one.at > 0) and failed.kind in (FailureKind.PROTOCOL, FailureKind.TIMED_OUT)


def _beyond(one: Listed) -> bool:
    """What a role in a namespace cannot give, and ours does not: nodes. `seawall doctor` says so, once."""
    hidden = one.failed is not None and one.failed.kind is FailureKind.FORBIDDEN
    return hidden and one.resource.optional and not one.resource.namespaced


def _problem(one: Listed) -> str:
    inside = "" if not one.resource.namespaced else f" in {_where(one.namespace)}"
    before = "; shown as last seen" if one.at else ""
    return f"{one.resource.plural}{inside}: {one.failed.reason if one.failed else ''}{before}"


def _where(namespace: str) -> str:
    return "all namespaces" if namespace == EVERYWHERE else namespace
