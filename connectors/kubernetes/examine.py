"""What our credentials may do in a cluster, permission by permission. Nothing is changed.

Lists are tried, one object each, because only that answers for everything on the way. Watches, drill-downs and writes
are asked about (SelfSubjectAccessReview, which a usual cluster answers for anybody), and a write that is allowed is
then sent once as an empty patch in a dry run: it meets the object and the admission webhooks that the real one would.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from connectors.failure import Failed, one_line
from connectors.kubernetes.answer import decoder
from connectors.kubernetes.client import Api
from connectors.kubernetes.objects import Json, Review
from connectors.kubernetes.resources import EVERYWHERE, READ, Resource
from connectors.kubernetes.write import target_of
from console.model.examination import Examination, Finding, Grade, Write
from console.model.snapshot import FailureKind

T = TypeVar("T")
Ask = Callable[[Callable[[], Any]], Awaitable[Any]]
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
OURSELVES = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
MOST_NAMESPACES = 20  # each costs some forty requests
DRILLED = (("list", "pods", ""), ("get", "pods", ""), ("get", "pods", "log"), ("list", "events", ""))


class _Version(msgspec.Struct, frozen=True, rename="camel"):
    git_version: str = ""


class _User(msgspec.Struct, frozen=True):
    username: str = ""


class _Info(msgspec.Struct, frozen=True, rename="camel"):
    user_info: _User = _User()


class _Ourselves(msgspec.Struct, frozen=True):
    status: _Info = _Info()


for _shape in (_Version, _Ourselves, Review):
    decoder(_shape)


def review(verb: str, group: str, resource: str, subresource: str, namespace: str, name: str = "") -> Json:
    """The question whether we may; ``namespace`` "" is all of them."""
    asked = {"verb": verb, "group": group, "resource": resource, "namespace": namespace}
    asked |= {"subresource": subresource} if subresource else {}
    asked |= {"name": name} if name else {}
    return {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": asked},
    }


@dataclass(frozen=True, slots=True)
class Examiner:
    """One login, asked about. ``ask`` runs a blocking call in a reading thread."""

    source: str
    api: Api
    ask: Ask

    async def examination(self, namespaces: tuple[str, ...], writes: tuple[Write, ...]) -> Examination:
        """A part that fails is a finding; so this one always ends in an examination."""
        looked = namespaces[:MOST_NAMESPACES]
        version, who = await asyncio.gather(self._version(), self._who())
        found = await _together(
            [
                *(self._list(resource, namespace) for resource, namespace in _scopes(looked)),
                *(self._drill(namespace) for namespace in looked),
                *(self._write(write) for write in writes),
            ]
        )
        return Examination(
            self.source,
            self.api.server,
            version=version,
            identity=self.api.identity,
            who=who,
            skew=self.api.skew,
            findings=(
                Finding("log in", Grade.YES),
                *self._verified(),
                *self._identified(),
                *found,
                *_left_out(namespaces),
            ),
        )

    async def _version(self) -> str:
        try:
            told: _Version = await self.ask(lambda: self.api.get("/version", _Version))
        except Failed:
            return ""
        return f"Kubernetes {one_line(told.git_version, 40)}" if told.git_version else ""

    async def _who(self) -> str:
        """Whom the server takes us for (since 1.28); "" where it does not say."""
        body: Json = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        try:
            told: _Ourselves = await self.ask(lambda: self.api.post(OURSELVES, body, _Ourselves))
        except Failed:
            return ""
        return one_line(told.status.user_info.username)

    def _entered(self) -> tuple[Finding, ...]:
        return (Finding("log in", Grade.YES), *self._verified(), *self._identified())

    def _verified(self) -> tuple[Finding, ...]:
        if self.api.verified:
            return ()
        reason = "insecure-skip-tls-verify: whoever stands on the way may answer for the server"
        return (Finding("verify the server's certificate", Grade.NOTE, reason, "trust its authority instead"),)

    def _identified(self) -> tuple[Finding, ...]:
        what = "get namespaces kube-system"
        if self.api.identity != self.api.server:
            return (Finding(what, Grade.YES, "its uid is the cluster's identity"),)
        reason = "the server's address stands in for the cluster's identity, which is weaker"
        return (Finding(what, Grade.NOTE, reason, "allow get of the namespace kube-system"),)

    async def _list(self, resource: Resource, namespace: str) -> Finding:
        """One object, and then whether it may also be watched."""
        what = f"list and watch {resource.name}{_inside(resource, namespace)}"
        try:
            await self.ask(lambda: self.api.page(resource, namespace, "", 1))
        except Failed as failed:
            if failed.kind is FailureKind.NOT_FOUND and resource.optional:
                return Finding(what, Grade.NOTE, "not served by this cluster", kind=failed.kind)
            return Finding(what, Grade.NO, failed.reason, failed.advice, kind=failed.kind)
        if not resource.watched:
            return Finding(what.replace(" and watch", ""), Grade.YES)
        return await self._watchable(what, resource, namespace)

    async def _watchable(self, what: str, resource: Resource, namespace: str) -> Finding:
        inside = "" if namespace == EVERYWHERE else namespace
        try:
            allowed = await self._may("watch", resource.group, resource.plural, "", inside)
        except Failed as failed:
            return Finding(what, Grade.UNKNOWN, f"it may be listed; {failed.reason}", failed.advice, kind=failed.kind)
        if allowed:
            return Finding(what, Grade.YES)
        reason = "it may be listed and not watched, so each reading lists it all"
        return Finding(what, Grade.NOTE, reason, "allow the verb watch", kind=FailureKind.FORBIDDEN)

    async def _drill(self, namespace: str) -> tuple[Finding, ...]:
        inside = "" if namespace == EVERYWHERE else namespace
        return tuple(
            await asyncio.gather(*(self._asked(verb, plural, sub, inside, namespace) for verb, plural, sub in DRILLED))
        )

    async def _asked(self, verb: str, plural: str, subresource: str, inside: str, namespace: str) -> Finding:
        what = f"{verb} {'/'.join(filter(None, (plural, subresource)))} in {_all(namespace)}"
        try:
            allowed = await self._may(verb, "", plural, subresource, inside)
        except Failed as failed:
            return Finding(what, Grade.UNKNOWN, failed.reason, failed.advice, kind=failed.kind)
        if allowed:
            return Finding(what, Grade.YES)
        return Finding(what, Grade.NO, "drill-downs will lack it", "ask for the permission", kind=FailureKind.FORBIDDEN)

    async def _write(self, write: Write) -> Finding:
        """Whether the patch behind a fact is allowed, and whether an empty one passes in a dry run."""
        target = target_of(write.component)
        what = f"set {write.fact} of {write.component}"
        if target is None:
            return Finding(what, Grade.NO, "nothing that Kubernetes can set", write=write)
        resource, namespace, name = target.resource, target.namespace, target.name
        try:
            if not await self._may("patch", resource.group, resource.plural, "", namespace, name):
                reason = f"may not patch {resource.name} in {namespace}"
                advice = f"ask for the verb patch on {resource.name}"
                return Finding(what, Grade.NO, reason, advice, write, FailureKind.FORBIDDEN)
            await self.ask(lambda: self.api.dry_run(target.path))
        except Failed as failed:
            grade = Grade.NO if 400 <= failed.status < 500 and failed.status != 429 else Grade.UNKNOWN
            return Finding(what, grade, failed.reason, failed.advice, write, failed.kind)
        return Finding(what, Grade.YES, write=write)

    async def _may(self, verb: str, group: str, plural: str, subresource: str, namespace: str, name: str = "") -> bool:
        body = review(verb, group, plural, subresource, namespace, name)
        told: Review = await self.ask(lambda: self.api.post(REVIEWS, body, Review))
        return told.status.allowed


def unreached(source: str, server: str, failed: Failed, writes: Iterable[Write]) -> Examination:
    """Where there is no login, nothing else can be asked."""
    unknown = (Finding(f"set {w.fact} of {w.component}", Grade.UNKNOWN, "no login", write=w) for w in writes)
    login = Finding("log in", Grade.NO, failed.reason, failed.advice, kind=failed.kind)
    return Examination(source, server, findings=(login, *unknown))


async def _together(asked: Sequence[Awaitable[Finding | tuple[Finding, ...]]]) -> list[Finding]:
    found: list[Finding] = []
    for one in await asyncio.gather(*asked):
        found += one if isinstance(one, tuple) else (one,)
    return found


def _scopes(namespaces: tuple[str, ...]) -> list[tuple[Resource, str]]:
    return [
        (resource, namespace)
        for resource in READ
        for namespace in (namespaces if resource.namespaced else (EVERYWHERE,))
    ]


def _left_out(namespaces: tuple[str, ...]) -> tuple[Finding, ...]:
    left = namespaces[MOST_NAMESPACES:]
    if not left:
        return ()
    return (
        Finding(f"{len(left)} more namespaces", Grade.UNKNOWN, f"only the first {MOST_NAMESPACES} were asked about"),
    )


def _inside(resource: Resource, namespace: str) -> str:
    return f" in {_all(namespace)}" if resource.namespaced else ""


def _all(namespace: str) -> str:
    return "all namespaces" if namespace == EVERYWHERE else namespace
