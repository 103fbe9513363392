"""A request, taken apart as an API server does it: verb, kind, namespace, name, subresource, and what was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from connectors.simulator.kubernetes import refusal
from connectors.simulator.kubernetes.kinds import NAMESPACE, Kind, find

_STREAM = ("get", "create")  # a shell or a port: GET by WebSocket, POST by SPDY
_SUBRESOURCE_VERBS = {
    "eviction": ("create",),
    "log": ("get",),
    "exec": _STREAM,
    "attach": _STREAM,
    "portforward": _STREAM,
}
_VERBS = {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


@dataclass(frozen=True, slots=True)
class Request:
    """What a client wants of a resource. ``version`` is that of the path, not of the store."""

    verb: str
    kind: Kind
    version: str
    namespace: str
    name: str
    subresource: str
    query: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> tuple[Kind, str, str]:
        """What the registry finds it by."""
        return self.kind, self.namespace, self.name

    @property
    def dry_run(self) -> bool:
        """True for ``dryRun=All``; anything else that is not empty is refused."""
        value = self.query.get("dryRun", "")
        if value not in ("", "All"):
            raise refusal.bad_request(f'dryRun: Unsupported value: "{value}": supported values: "All"')
        return value == "All"

    def number(self, name: str) -> int:
        """A query parameter as a non-negative int; 0 where it is absent."""
        text = self.query.get(name, "") or "0"
        if not (text.isascii() and text.isdecimal()):
            raise refusal.bad_request(f'{name}: Invalid value: "{text}": must be a non-negative integer')
        return int(text)

    def flag(self, name: str) -> bool:
        return self.query.get(name, "").lower() in ("true", "1")


def parse(method: str, path: str, query: Mapping[str, str]) -> Request:
    """The request behind a path under ``/api`` or ``/apis``; 404 for a path that is not served, 405 for a verb."""
    group, version, rest = _root([part for part in path.split("/") if part])
    namespace = ""
    if len(rest) > 2 and rest[0] == NAMESPACE.plural and rest[2] not in NAMESPACE.subresources:
        namespace, rest = rest[1], rest[2:]
    kind = find(group, version, rest[0]) if rest else None
    if kind is None or len(rest) > 3 or (namespace and not kind.namespaced):
        raise refusal.no_such_path()
    name, subresource = (*rest[1:], "", "")[:2]
    if subresource and subresource not in kind.subresources:
        raise refusal.no_such_path()
    if name and kind.namespaced and not namespace:
        raise refusal.no_such_path()
    return Request(_verb(method, kind, name, subresource, query), kind, version, namespace, name, subresource, query)


def _root(parts: list[str]) -> tuple[str, str, list[str]]:
    if len(parts) >= 2 and parts[0] == "api":
        return "", parts[1], parts[2:]
    if len(parts) >= 3 and parts[0] == "apis":
        return parts[1], parts[2], parts[3:]
    raise refusal.no_such_path()


def _verb(method: str, kind: Kind, name: str, subresource: str, query: Mapping[str, str]) -> str:
    verb = _VERBS.get(method, "")
    if not name and verb == "get":
        verb = "watch" if query.get("watch", "").lower() in ("true", "1") else "list"
    if not name and verb == "delete":
        verb = "deletecollection"
    if subresource:
        allowed = verb in _SUBRESOURCE_VERBS.get(subresource, ("get", "update", "patch"))
    else:
        allowed = (
            verb in kind.verbs and not (name and verb == "create") and (bool(name) or verb not in ("update", "patch"))
        )
    if not allowed:
        raise refusal.not_allowed()
    return verb
