"""One conditional write to an object, and reading back whose value it holds. Runs in the writing thread.

    GET → is the before-value still there? → PATCH with the resourceVersion of that GET, the mark in the same patch

The condition is the value and not the version: status updates move an autoscaler's version every few seconds. A 409
means that something moved between the two requests, so it is read again, and written again only while the value still
stands. Any answer from 400 to 499 says that nothing happened. Everything after the patch has left and before its answer
is here is unknown, and stays so until a probe.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from connectors.deadline import Line
from connectors.failure import Failed
from connectors.kubernetes.client import Api, Unsent
from connectors.kubernetes.facts import MANAGED, BadFact, Thing, raw_before, restore_patch, same, spec_patch, value_of
from connectors.kubernetes.marks import ANNOTATION, Entry, UnreadableMarks, decode, encode, find
from connectors.kubernetes.objects import Json, Status, Written
from connectors.kubernetes.owners import keda_of, scalers
from connectors.kubernetes.read import marks_text
from connectors.kubernetes.resources import AUTOSCALERS, RESOURCES, ROLLOUTS, SCALED_OBJECTS, Resource
from console.model.change import Applied, Change, FactValue, Outcome, Probed, RunContext, Verdict
from console.model.component import ComponentId
from console.model.snapshot import FailureKind

ATTEMPTS = 3  # at a resourceVersion that moves under us


@dataclass(frozen=True, slots=True)
class Target:
    """One object, named by a component id ``<source>/<kind>/<namespace>/<name>``."""

    resource: Resource
    namespace: str
    name: str

    @property
    def path(self) -> str:
        return self.resource.path(self.namespace, self.name)

    def get(self, api: Api) -> Thing:
        return cast(Thing, api.get(self.path, self.resource.type))


def target_of(component: ComponentId) -> Target | None:
    """None where the id names nothing that Kubernetes serves to us."""
    match component.split("/"):
        case [_, kind, namespace, name] if kind in RESOURCES and namespace and name:
            return Target(RESOURCES[kind], namespace, name)
    return None


class Refusal(Exception):
    """The write must not be done; nothing was sent. The message is one line for a person."""


def apply(api: Api, target: Target, change: Change, run: RunContext, line: Line) -> Applied:
    """The change, or its undo, as one conditional patch; ``line`` learns when the patch leaves."""
    try:
        for _ in range(ATTEMPTS):
            applied = _attempt(api, target, change, run, line)
            if applied is not None:
                return applied
    except (Refusal, BadFact, UnreadableMarks) as refusal:
        return Applied(Outcome.REJECTED, f"{change.component}: {refusal}")
    except Failed as failed:  # of a read: a failure of the patch itself is an outcome
        reason = f"{change.component}: {failed.reason}; nothing was written"
        return Applied(Outcome.REJECTED, reason, forbidden=failed.kind is FailureKind.FORBIDDEN)
    return Applied(Outcome.REJECTED, f"{change.component}: it changed under us {ATTEMPTS} times; nothing was written")


def _attempt(api: Api, target: Target, change: Change, run: RunContext, line: Line) -> Applied | None:
    """None: the object moved between reading and writing (409), so it is to be read again."""
    thing = target.get(api)
    if change.undoes:
        spec, entries = _undo(api, target, thing, change, run)
    elif _stands(thing, change, run):
        return Applied(Outcome.DONE, "already so, with our mark", thing.metadata.resource_version)
    else:
        _check_owner(api, target, thing, change)
        spec, entries = _do(api, target, thing, change, run)
    metadata = {"resourceVersion": thing.metadata.resource_version, "annotations": {ANNOTATION: encode(entries)}}
    line.commit()
    try:
        written = api.patch(target.path, {"metadata": metadata, "spec": spec}, target.resource.type)
    except Failed as failed:
        return _outcome_of(failed, change, line)
    return Applied(Outcome.DONE, _remark(written, change), written.metadata.resource_version)


def _outcome_of(failed: Failed, change: Change, line: Line) -> Applied | None:
    certain = isinstance(failed, Unsent) or 400 <= failed.status < 500
    if not certain:
        return Applied(Outcome.UNKNOWN, f"{change.component}: {failed.reason}; the write may have happened")
    line.refused()
    if failed.status == 409:
        return None
    forbidden = failed.kind is FailureKind.FORBIDDEN
    return Applied(Outcome.REJECTED, f"{change.component}: {failed.reason}", forbidden=forbidden)


def _do(api: Api, target: Target, thing: Thing, change: Change, run: RunContext) -> tuple[Json, tuple[Entry, ...]]:
    """The patch of ``spec``, and the marks with ours on top."""
    now = value_of(thing, change.fact)
    if not same(now, change.before):
        raise Refusal(_drift(api, target, change.fact, now, change.before))
    entries = decode(marks_text(thing.metadata))
    if find(entries, run.run, change.step, change.fact):
        raise Refusal(f"{change.fact} already carries the mark of {run.run} {change.step}")
    ours = Entry(
        run=run.run,
        step=change.step,
        seq=change.seq,
        fact=change.fact,
        before=change.before,
        after=change.after,
        until=run.until,
        reason=change.reason or run.reason,
        actor=run.actor,
        raw=raw_before(thing, change.fact),
    )
    return spec_patch(thing, change.fact, change.after), (*entries, ours)


def _undo(api: Api, target: Target, thing: Thing, change: Change, run: RunContext) -> tuple[Json, tuple[Entry, ...]]:
    """The patch that puts back what our mark remembers, and the marks without ours."""
    entries = decode(marks_text(thing.metadata))
    ours = find(entries, run.run, change.step, change.fact)
    if ours is None:
        raise Refusal(f"{change.fact} has no mark of {run.run} {change.step}: there is nothing of ours to undo")
    top = [entry for entry in entries if entry.fact == change.fact][-1]
    if top is not ours:
        raise Refusal(f"{change.fact} was changed after us by {top.run} {top.step}, which is to be undone first")
    now = value_of(thing, change.fact)
    if not same(now, change.before):
        raise Refusal(_drift(api, target, change.fact, now, change.before))
    return restore_patch(thing, ours), tuple(entry for entry in entries if entry is not ours)


def _stands(thing: Thing, change: Change, run: RunContext) -> bool:
    """The very same write was done before (its answer was lost): value and mark are there."""
    entries = decode(marks_text(thing.metadata))
    ours = find(entries, run.run, change.step, change.fact)
    return ours is not None and same(ours.after, change.after) and same(value_of(thing, change.fact), change.after)


def _check_owner(api: Api, target: Target, thing: Thing, change: Change) -> None:
    """An autoscaler sets ``replicas`` back within seconds, and KEDA its autoscaler, so such a write is refused."""
    if keda := keda_of(thing.metadata):
        raise Refusal(f"{change.fact} belongs to {keda}: change the scaled object's bounds instead")
    if change.fact != "replicas":
        return
    scaled = scalers(*(_objects(api, one, target.namespace) for one in (AUTOSCALERS, SCALED_OBJECTS, ROLLOUTS)))
    owner = scaled.get((target.namespace, target.resource.kind, target.name))
    if owner:
        raise Refusal(f"replicas belongs to {owner}: change its bounds instead")


def _objects(api: Api, resource: Resource, namespace: str) -> tuple[Any, ...]:
    """All objects of a kind; none where it is an add-on's that is not installed. Refusal where one cannot be read."""
    found: list[Any] = []
    after = ""
    try:
        while True:
            page, unread = api.page(resource, namespace, after)
            if unread:
                raise Refusal(f"who scales it cannot be known: {unread[0]}")
            found += page.items or ()
            after = page.metadata.continue_
            if not after:
                return tuple(found)
    except Failed as failed:
        if resource.optional and _absent(api, resource, failed):
            return ()
        raise


def _absent(api: Api, resource: Resource, failed: Failed) -> bool:
    """Whether the add-on is not installed. Access is judged before existence, so a 403 does not say that it is."""
    if failed.kind is not FailureKind.FORBIDDEN:
        return failed.kind is FailureKind.NOT_FOUND
    try:
        api.get(resource.root, Status)
    except Failed as unserved:
        return unserved.kind is FailureKind.NOT_FOUND
    return False


def _drift(api: Api, target: Target, fact: str, now: FactValue, expected: FactValue) -> str:
    last = _last_writer(api, target, fact)
    return f"{fact} is {now!r}, expected {expected!r}" + (f"; {last}" if last else "")


def _last_writer(api: Api, target: Target, fact: str) -> str:
    """`last set by kubectl at …` from managedFields; "" where the server keeps none, or cannot be asked again."""
    field = MANAGED.get(fact)
    try:
        fields = api.get(target.path, Written).metadata.managed_fields or ()
    except Failed:
        return ""
    wrote = [one for one in fields if field in _under_spec(one.fields_v1)]
    last = max(wrote, key=lambda one: one.time, default=None)
    return f"last set by {last.manager or 'somebody'} at {last.time}" if last else ""


def _under_spec(fields: Json | None) -> Mapping[str, Any]:
    spec = (fields or {}).get("f:spec")
    return spec if isinstance(spec, dict) else {}


def _remark(written: Thing, change: Change) -> str:
    """What to know of a write that was accepted: an admission webhook may have made another value of ours."""
    now = value_of(written, change.fact)
    return "" if same(now, change.after) else f"accepted, but {change.fact} is now {now!r}, not {change.after!r}"


def probe(api: Api, target: Target, change: Change, run: RunContext) -> Probed:
    """Whose value the object holds. Of an undo, "ours" is: undone, value restored and mark gone."""
    try:
        thing = target.get(api)
        now = value_of(thing, change.fact)
        marked = find(decode(marks_text(thing.metadata)), run.run, change.step, change.fact) is not None
    except (BadFact, UnreadableMarks) as error:
        return Probed(Verdict.FOREIGN, None, f"{change.component}: {error}")
    except Failed as failed:
        return Probed(Verdict.UNKNOWN, None, f"{change.component}: {failed.reason}")
    return Probed(_verdict(change, now, marked), now, _last_writer(api, target, change.fact))


def _verdict(change: Change, now: FactValue, marked: bool) -> Verdict:
    done = marked is not change.undoes  # a change leaves its mark, an undo takes it away
    if same(now, change.after) and done:
        return Verdict.OURS
    if same(now, change.before) and not done:
        return Verdict.NOT_APPLIED
    return Verdict.SUPERSEDED if marked else Verdict.FOREIGN
