"""Every way an API server says no, as the ``Status`` objects that clients parse.

Wording, reasons and details follow apimachinery's ``api/errors``: client-go decides by ``reason``, kubectl prints
``message``, and the Python client shows the whole body.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from connectors.simulator.kubernetes.kinds import Kind
from connectors.simulator.kubernetes.objects import Object


class Refusal(Exception):
    """An answer other than success: HTTP code, machine-readable reason, message, details."""

    def __init__(self, code: int, reason: str, message: str, details: Object | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.details = details or {}

    def status(self) -> Object:
        """The body of the answer."""
        body: Object = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": str(self),
            "reason": self.reason,
        }
        if self.details:
            body["details"] = self.details
        return {**body, "code": self.code}


@dataclass(frozen=True, slots=True)
class Cause:
    """One field that is wrong: ``reason`` is a field error type of apimachinery ("FieldValueInvalid" …)."""

    reason: str
    field: str
    message: str

    def text(self) -> str:
        return f"{self.field}: {self.message}"


def invalid_value(field: str, value: object, why: str) -> Cause:
    shown = f"map[string]string{_compact(value)}" if isinstance(value, dict) else _compact(value)
    return Cause("FieldValueInvalid", field, f"Invalid value: {shown}: {why}")


def _compact(value: object) -> str:
    """A value as the real server's %#v prints strings, numbers and maps of strings."""
    return msgspec.json.encode(value, order="sorted").decode()


def forbidden_value(field: str, why: str) -> Cause:
    return Cause("FieldValueForbidden", field, f"Forbidden: {why}")


def required(field: str, why: str = "") -> Cause:
    return Cause("FieldValueRequired", field, f"Required value: {why}" if why else "Required value")


def _details(kind: Kind, name: str, causes: tuple[Cause, ...] = (), described: str = "") -> Object:
    details: Object = {"name": name} if name else {}
    if kind.group:
        details["group"] = kind.group
    details["kind"] = described or kind.plural
    if causes:
        details["causes"] = [{"reason": c.reason, "message": c.message, "field": c.field} for c in causes]
    return details


def no_such_path() -> Refusal:
    return Refusal(404, "NotFound", "the server could not find the requested resource")


def not_found(kind: Kind, name: str) -> Refusal:
    return Refusal(404, "NotFound", f'{kind.resource} "{name}" not found', _details(kind, name))


def already_exists(kind: Kind, name: str) -> Refusal:
    return Refusal(409, "AlreadyExists", f'{kind.resource} "{name}" already exists', _details(kind, name))


def conflict(kind: Kind, name: str, why: str = "") -> Refusal:
    why = why or "the object has been modified; please apply your changes to the latest version and try again"
    message = f'Operation cannot be fulfilled on {kind.resource} "{name}": {why}'
    return Refusal(409, "Conflict", message, _details(kind, name))


def invalid(kind: Kind, name: str, *causes: Cause) -> Refusal:
    texts = [cause.text() for cause in causes]
    shown = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    qualified = f"{kind.name}.{kind.group}" if kind.group else kind.name
    details = _details(kind, name, causes, described=kind.name)
    return Refusal(422, "Invalid", f'{qualified} "{name}" is invalid: {shown}', details)


def unfit_patch(patch: str, why: str) -> Refusal:
    """A patch whose result is no object of the kind: the real server names neither kind nor name here."""
    cause = invalid_value("patch", patch, why)
    details = {"causes": [{"reason": cause.reason, "message": cause.message, "field": cause.field}]}
    return Refusal(422, "Invalid", f' "" is invalid: {cause.text()}', details)


def inapplicable() -> Refusal:
    """A JSON patch that cannot be done: the real server does not say which of its operations."""
    return Refusal(422, "Invalid", "the server rejected our request due to an error in our request", {})


def bad_request(message: str) -> Refusal:
    return Refusal(400, "BadRequest", message)


def unauthorized() -> Refusal:
    return Refusal(401, "Unauthorized", "Unauthorized")


def forbidden(kind: Kind, name: str, message: str) -> Refusal:
    shown = f'{kind.resource} "{name}"' if name else kind.resource
    return Refusal(403, "Forbidden", f"{shown} is forbidden: {message}", _details(kind, name))


def no_impersonation(user: str, other: str) -> Refusal:
    """Nobody may act as somebody else here."""
    why = f'User "{user}" cannot impersonate resource "users" in API group "" at the cluster scope'
    return Refusal(403, "Forbidden", f'users "{other}" is forbidden: {why}', {"name": other, "kind": "users"})


def terminating(kind: Kind, name: str, namespace: str) -> Refusal:
    """Nothing new comes into a namespace that is being deleted."""
    why = f"unable to create new content in namespace {namespace} because it is being terminated"
    return forbidden(kind, name, why)


def too_large(limit: int) -> Refusal:
    return Refusal(413, "RequestEntityTooLarge", f"Request entity too large: limit is {limit}")


def too_slow() -> Refusal:
    """The rest of the body has not come in time."""
    return Refusal(408, "Timeout", "the request's body did not arrive in time")


def expired(message: str) -> Refusal:
    return Refusal(410, "Expired", message)


def too_new(asked: int, current: int) -> Refusal:
    """The client has seen a version that this server has not reached (it was restarted, say)."""
    message = f"Too large resource version: {asked}, current: {current}"
    cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
    return Refusal(504, "Timeout", f"Timeout: {message}", {"causes": [cause], "retryAfterSeconds": 1})


def not_allowed() -> Refusal:
    return Refusal(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")


def not_acceptable(offered: tuple[str, ...]) -> Refusal:
    message = f"only the following media types are accepted: {', '.join(offered)}"
    return Refusal(406, "NotAcceptable", message)


def unsupported(accepted: tuple[str, ...]) -> Refusal:
    message = "the body of the request was in an unknown format - accepted media types include: " + ", ".join(accepted)
    return Refusal(415, "UnsupportedMediaType", message)


def budget_spent(name: str, wanted: int, healthy: int) -> Refusal:
    """Eviction refused by a disruption budget: 429, which drains retry."""
    why = f"The disruption budget {name} needs {wanted} healthy pods and has {healthy} currently"
    cause = {"reason": "DisruptionBudget", "message": why}
    message = "Cannot evict pod as it would violate the pod's disruption budget."
    return Refusal(429, "TooManyRequests", message, {"causes": [cause]})


def internal(message: str) -> Refusal:
    return Refusal(500, "InternalError", f"Internal error occurred: {message}")
