"""Create, update, patch, apply and scale: from a body to the registry, with its writer's name and field validation."""

from __future__ import annotations

from connectors.simulator.kubernetes import body, managed_fields, refusal, schema
from connectors.simulator.kubernetes.kinds import Kind
from connectors.simulator.kubernetes.managed_fields import Manager
from connectors.simulator.kubernetes.message import Body
from connectors.simulator.kubernetes.objects import Object, dig
from connectors.simulator.kubernetes.registry import Registry
from connectors.simulator.kubernetes.request import Request
from connectors.simulator.kubernetes.scale import SCALE, scale_of, scaled

_LONGEST_MANAGER = 128
_POLICIES = ("Ignore", "Strict", "Warn")
_OPTIONS = Kind("meta.k8s.io", ("v1",), "PatchOptions", "patchoptions")
Written = tuple[Object, tuple[str, ...], bool]  # the object as it is stored, warnings, and whether it is new


def manager(request: Request, sent: Body, operation: str = managed_fields.UPDATE) -> Manager:
    """Who writes: ``fieldManager``, or the first word of the User-Agent; 422 for a name that is none."""
    name = request.query.get("fieldManager", "")
    if not name and operation == managed_fields.APPLY:
        cause = refusal.required("fieldManager", "is required for apply patch")
        raise refusal.invalid(_OPTIONS, "", cause)
    name = name or sent.agent.partition("/")[0] or "unknown"
    if len(name) > _LONGEST_MANAGER or not name.isprintable():
        why = f"must be printable and no more than {_LONGEST_MANAGER} characters"
        raise refusal.invalid(_OPTIONS, "", refusal.invalid_value("fieldManager", name[:_LONGEST_MANAGER], why))
    return Manager(name, operation, request.kind.api_version(request.version), request.subresource)


class Writing:
    """Each method answers what is stored then, and what the writer is warned of."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def create(self, request: Request, sent: Body) -> Written:
        kind, version = request.kind, request.version
        obj, warnings = _checked(body.sent(sent.raw, sent.content_type, kind, version), request)
        obj = body.as_stored(obj, kind, version)
        if kind.namespaced:
            obj = placed(obj, request.namespace)
        made = self._registry.create(kind, obj, request.dry_run, manager=manager(request, sent))
        return made, warnings, True

    def update(self, request: Request, sent: Body) -> Written:
        kind, version = request.kind, request.version
        obj, warnings = _checked(body.sent(sent.raw, sent.content_type, kind, version), request)
        obj = body.as_stored(obj, kind, version)
        changed = self._registry.update(
            *request.key,
            lambda before: obj,
            part=request.subresource,
            dry_run=request.dry_run,
            manager=manager(request, sent),
        )
        return changed, warnings, False

    def patch(self, request: Request, sent: Body) -> Written:
        change = body.Patch(sent.raw, sent.content_type)
        if change.is_apply:
            return self._apply(request, sent, change)
        if "force" in request.query:
            why = "may not be specified for non-apply patch"
            raise refusal.invalid(_OPTIONS, "", refusal.Cause("FieldValueForbidden", "force", f"Forbidden: {why}"))
        warnings: list[str] = []

        def edit(before: Object) -> Object:
            result = change.on_shown(before, request.kind, request.version)
            result, found = _checked(result, request, patch=sent.raw)
            warnings.extend(found)
            return body.as_stored(result, request.kind, request.version)

        changed = self._registry.update(
            *request.key, edit, part=request.subresource, dry_run=request.dry_run, manager=manager(request, sent)
        )
        return changed, tuple(warnings), False

    def _apply(self, request: Request, sent: Body, change: body.Patch) -> Written:
        kind, version = request.kind, request.version
        who = manager(request, sent, managed_fields.APPLY)
        wanted = body.identified(change.configuration, kind, version)
        if dig(wanted, "metadata", "managedFields") is not None:
            raise refusal.bad_request("metadata.managedFields must be nil")
        if found := _unknown(wanted, request):
            where = f"({request.namespace}/{request.name}; {kind.api_version(version)}, Kind={kind.name})"
            why = f".{found[0]}: field not declared in schema"
            raise refusal.bad_request(f"failed to create typed patch object {where}: {why}")
        wanted = body.as_stored(_named(wanted, request), kind, version)
        isnew = self._registry.store.get(*request.key) is None
        force = request.flag("force")
        made = self._registry.apply(*request.key, wanted, who, force=force, dry_run=request.dry_run)
        return made, (), isnew

    def scale(self, request: Request, sent: Body) -> Object:
        """The Scale as it is then."""
        wanted: Object = {}
        change = None
        if request.verb == "update":
            wanted = body.sent(sent.raw, sent.content_type, SCALE, "v1")
        else:
            change = body.Patch(sent.raw, sent.content_type)
            if change.is_apply:
                raise refusal.unsupported(body.PATCHES[:3])

        def edit(obj: Object) -> Object:
            return scaled(obj, change.on(scale_of(obj)) if change else wanted)

        changed = self._registry.update(*request.key, edit, dry_run=request.dry_run, manager=manager(request, sent))
        return scale_of(changed)


def _unknown(obj: Object, request: Request) -> list[str]:
    return list(schema.unknown(obj, schema.of_kind(request.kind, request.version)))


def _checked(obj: Object, request: Request, patch: bytes | None = None) -> tuple[Object, tuple[str, ...]]:
    """The object without fields that its type has not, which are refused or warned of as ``fieldValidation`` says."""
    policy = request.query.get("fieldValidation", "") or "Warn"
    if policy not in _POLICIES:
        listed = ", ".join(f'"{name}"' for name in _POLICIES)
        raise refusal.bad_request(f'fieldValidation: Unsupported value: "{policy}": supported values: {listed}')
    found = _unknown(obj, request)
    if not found:
        return obj, ()
    told = tuple(f'unknown field "{path}"' for path in found)
    if policy == "Strict":
        why = f"strict decoding error: {', '.join(told)}"
        if patch is not None:
            raise refusal.unfit_patch(patch.decode(errors="replace"), why)
        kind = request.kind.name
        raise refusal.bad_request(f'{kind} in version "{request.version}" cannot be handled as a {kind}: {why}')
    known = schema.without_unknown(obj, schema.of_kind(request.kind, request.version))
    return known, told if policy == "Warn" else ()


def _named(wanted: Object, request: Request) -> Object:
    """The configuration with the name of the path, which may be left out."""
    metadata = wanted.get("metadata")
    if metadata is not None and not isinstance(metadata, dict):
        return wanted  # refused by the registry, with the reason
    if dig(metadata, "name") not in (None, request.name):
        raise refusal.bad_request("the name of the object does not match the name on the URL")
    named = {**wanted, "metadata": {**(metadata or {}), "name": request.name}}
    return placed(named, request.namespace) if request.kind.namespaced else named


def placed(obj: Object, namespace: str) -> Object:
    """The object in the namespace of the path; 400 where it names another."""
    metadata = obj.get("metadata")
    if metadata is None:
        metadata = {}
    if not isinstance(metadata, dict):
        return obj  # refused by the registry, with the reason
    if metadata.get("namespace") not in (None, "", namespace):
        raise refusal.bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    return {**obj, "metadata": {**metadata, "namespace": namespace}}
