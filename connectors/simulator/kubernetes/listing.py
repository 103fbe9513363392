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
