"""Lists in pages. A continue token names the list's version and the last key seen, as the real one does."""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_right
from dataclasses import dataclass

import msgspec

from connectors.simulator.kubernetes import refusal, selector
from connectors.simulator.kubernetes.objects import Object, name_of, namespace_of
from connectors.simulator.kubernetes.request import Request
from connectors.simulator.kubernetes.store import Store

_MATCHES = ("Exact", "NotOlderThan")


@dataclass(frozen=True, slots=True)
class Page:
    """Some objects, and the list's own metadata."""

    objects: list[Object]
    metadata: Object


class _Token(msgspec.Struct):
    version: int
    after: tuple[str, str]


def matcher(request: Request) -> selector.Match:
    """The question that a request's label and field selectors ask; 400 for what is none."""
    by_label = selector.labels(request.query.get("labelSelector", ""))
    by_field = selector.fields(request.query.get("fieldSelector", ""), request.kind)
    return lambda obj: by_label(obj) and by_field(obj)


def page(objects: list[Object], request: Request, store: Store) -> Page:
    """One page of ``objects``, which are sorted by key."""
    asked = request.query.get("resourceVersion", "") or "0"
    if not asked.isdecimal():
        raise refusal.bad_request(f'resourceVersion: Invalid value: "{asked}"')
    if int(asked) > store.version:
        raise refusal.too_new(int(asked), store.version)
    _matching(request, int(asked), store.version)
    matches, found = matcher(request), objects
    if request.query.get("labelSelector") or request.query.get("fieldSelector"):
        found = [obj for obj in objects if matches(obj)]
    version = store.version
    if text := request.query.get("continue", ""):
        token = _opened(text, store)
        version = token.version
        found = found[bisect_right(found, token.after, key=_key) :]
    limit = request.number("limit") or len(found)
    shown, left = found[:limit], len(found) - limit
    metadata: Object = {"resourceVersion": str(version)}
    if left > 0:
        metadata["continue"] = _closed(_Token(version, _key(shown[-1])))
        if not (request.query.get("labelSelector") or request.query.get("fieldSelector")):
            metadata["remainingItemCount"] = left
    return Page(shown, metadata)


def _matching(request: Request, asked: int, version: int) -> None:
    """Refuses a ``resourceVersionMatch`` that makes no sense; of old versions no list is kept."""
    match = request.query.get("resourceVersionMatch", "")
    if match not in ("", *_MATCHES):
        listed = ", ".join(f'"{name}"' for name in _MATCHES)
        raise refusal.bad_request(f'resourceVersionMatch: Unsupported value: "{match}": supported values: {listed}')
    if match and not request.query.get("resourceVersion"):
        why = "resourceVersionMatch is forbidden unless resourceVersion is provided"
        raise refusal.bad_request(f"resourceVersionMatch: Forbidden: {why}")
    if match == "Exact" and asked != version:
        raise refusal.expired(f"The provided resource version {asked} is too old to be listed exactly.")


def _key(obj: Object) -> tuple[str, str]:
    return namespace_of(obj), name_of(obj)


def _closed(token: _Token) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(token)).decode().rstrip("=")


def _opened(text: str, store: Store) -> _Token:
    try:
        token = msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=_Token)
    except (binascii.Error, ValueError) as error:  # msgspec's errors are ValueErrors
        raise refusal.bad_request(f"continue key is not valid: {error}") from error
    if token.version > store.version or token.version < store.oldest:
        message = (
            "The provided continue parameter is too old to display a consistent list result. "
            "You can start a new list without the continue parameter."
        )
        raise refusal.expired(message)
    return token
