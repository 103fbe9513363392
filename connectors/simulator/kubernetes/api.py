"""What each verb does. No HTTP and no waiting in here: a request and its body in, a code and a JSON tree out."""

from __future__ import annotations

from connectors.simulator.kubernetes import body, disruption, refusal
from connectors.simulator.kubernetes.access import Access
from connectors.simulator.kubernetes.departures import POLICIES, Departures
from connectors.simulator.kubernetes.kinds import NODE_METRICS, POD, POD_METRICS, QUOTA, REVIEWS, SERVICE, Kind
from connectors.simulator.kubernetes.listing import matcher, page
from connectors.simulator.kubernetes.message import Answer, Body
from connectors.simulator.kubernetes.metrics import Metrics
from connectors.simulator.kubernetes.objects import Object, dig, name_of, namespace_of
from connectors.simulator.kubernetes.registry import Precondition, Registry
from connectors.simulator.kubernetes.representation import Form, Representation, Shown
from connectors.simulator.kubernetes.request import Request
from connectors.simulator.kubernetes.reviews import reviewed
from connectors.simulator.kubernetes.scale import scale_of
from connectors.simulator.kubernetes.shapes import is_int32
from connectors.simulator.kubernetes.writing import Writing

_DELETED_AS_OBJECT = (POD, SERVICE, QUOTA)  # the others answer a Status


class Api:
    """Answers every request but watches."""

    def __init__(
        self,
        registry: Registry,
        access: Access,
        metrics: Metrics,
        departures: Departures,
        representation: Representation,
    ) -> None:
        self._registry = registry
        self._access = access
        self._metrics = metrics
        self._departures = departures
        self._representation = representation
        self._writing = Writing(registry)

    def answer(self, request: Request, sent: Body, form: Form) -> Answer:
        """Does what is asked, or raises a Refusal."""
        if request.kind in REVIEWS:
            return Answer(201, reviewed(request, sent, self._access))
        if request.kind in (POD_METRICS, NODE_METRICS):
            return self._measured(request, form)
        if request.subresource == "scale":
            return Answer(200, self._scale(request, sent))
        if request.subresource == "eviction":
            return self._evict(request, sent)
        act = {
            "get": self._get,
            "list": self._list,
            "create": self._write,
            "update": self._write,
            "patch": self._write,
            "delete": self._delete,
            "deletecollection": self._delete_collection,
        }[request.verb]
        return act(request, sent, form)

    def _get(self, request: Request, sent: Body, form: Form) -> Answer:
        obj = self._registry.get(request.kind, request.namespace, request.name)
        return Answer(200, self._shown(obj, request, form))

    def _list(self, request: Request, sent: Body, form: Form) -> Answer:
        objects = self._registry.store.of(request.kind, request.namespace)
        return self._paged(objects, request, form)

    def _paged(self, objects: list[Object], request: Request, form: Form) -> Answer:
        found = page(objects, request, self._registry.store)
        now = self._registry.times.wall().timestamp()
        shown = self._representation.many(found.objects, request.kind, request.version, form, now, found.metadata)
        return Answer(200, shown)

    def _write(self, request: Request, sent: Body, form: Form) -> Answer:
        act = {"create": self._writing.create, "update": self._writing.update, "patch": self._writing.patch}
        obj, warnings, isnew = act[request.verb](request, sent)
        return Answer(201 if isnew else 200, self._shown(obj, request, form), warnings)

    def _delete(self, request: Request, sent: Body, form: Form) -> Answer:
        gone = self._remove(request, request.name, body.options(sent.raw, sent.content_type))
        if request.kind in _DELETED_AS_OBJECT or "deletionTimestamp" in gone["metadata"]:
            return Answer(200, self._shown(gone, request, form))
        return Answer(200, _success(request.kind, gone))

    def _delete_collection(self, request: Request, sent: Body, form: Form) -> Answer:
        asked = body.options(sent.raw, sent.content_type)
        matches = matcher(request)
        found = [obj for obj in self._registry.store.of(request.kind, request.namespace) if matches(obj)]
        gone = [self._remove(request, name_of(obj), asked, namespace_of(obj)) for obj in found]
        now, version = self._registry.times.wall().timestamp(), str(self._registry.store.version)
        shown = self._representation.many(gone, request.kind, request.version, form, now, {"resourceVersion": version})
        return Answer(200, shown)

    def _remove(self, request: Request, name: str, asked: Object, namespace: str = "") -> Object:
        demand = Precondition(
            str(dig(asked, "preconditions", "uid", default="")),
            str(dig(asked, "preconditions", "resourceVersion", default="")),
        )
        grace = asked.get("gracePeriodSeconds")
        if grace is None and "gracePeriodSeconds" in request.query:
            grace = request.number("gracePeriodSeconds")
        if grace is not None and (not is_int32(grace) or grace < 0):
            raise refusal.bad_request(f"gracePeriodSeconds: Invalid value: {grace}")
        dry_run = request.dry_run or asked.get("dryRun") == ["All"]
        return self._departures.delete(
            request.kind, namespace or request.namespace, name, demand, grace, dry_run, _policy(request, asked)
        )

    def _scale(self, request: Request, sent: Body) -> Object:
        if request.verb == "get":
            return scale_of(self._registry.get(*request.key))
        return self._writing.scale(request, sent)

    def _evict(self, request: Request, sent: Body) -> Answer:
        asked = body.options(sent.raw, sent.content_type)
        dry_run = request.dry_run or dig(asked, "deleteOptions", "dryRun") == ["All"]
        disruption.evict(self._registry, request.namespace, request.name, dry_run)
        return Answer(201, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201})

    def _measured(self, request: Request, form: Form) -> Answer:
        found = self._metrics.pods(request.namespace) if request.kind is POD_METRICS else self._metrics.nodes()
        if request.verb == "list":
            return self._paged(found, request, form)
        for obj in found:
            if name_of(obj) == request.name:
                return Answer(200, self._shown(obj, request, form))
        raise refusal.not_found(request.kind, request.name)

    def _shown(self, obj: Object, request: Request, form: Form) -> Shown:
        now = self._registry.times.wall().timestamp()
        return self._representation.one(obj, request.kind, request.version, form, now)


def _policy(request: Request, asked: Object) -> str:
    """What becomes of the dependents: "" where nothing is said."""
    said = asked.get("propagationPolicy") or request.query.get("propagationPolicy", "")
    if not said and (asked.get("orphanDependents") is True or request.query.get("orphanDependents") == "true"):
        return "Orphan"
    if said not in ("", *POLICIES):
        raise refusal.bad_request(f'propagationPolicy: Unsupported value: "{said}": supported values: {POLICIES}')
    return str(said)


def _success(kind: Kind, gone: Object) -> Object:
    details = {"name": name_of(gone), "kind": kind.plural, "uid": gone["metadata"]["uid"]}
    if kind.group:
        details["group"] = kind.group
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
