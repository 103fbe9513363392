"""Request bodies: by content type, into JSON trees and into edits of an object."""

from __future__ import annotations

from typing import Any

import msgspec

from connectors.simulator.kubernetes import patch, protobuf, refusal
from connectors.simulator.kubernetes.conversion import Unconvertible, shown, stored
from connectors.simulator.kubernetes.kinds import Kind
from connectors.simulator.kubernetes.objects import Object, dig
from connectors.simulator.kubernetes.shapes import misfit

_JSON = "application/json"
_PROTOBUF = "application/vnd.kubernetes.protobuf"
_MERGE, _STRATEGIC = "application/merge-patch+json", "application/strategic-merge-patch+json"
_JSON_PATCH = "application/json-patch+json"
_PATCHES = (_JSON_PATCH, _MERGE, _STRATEGIC)


def media(content_type: str) -> str:
    return content_type.split(";")[0].strip().lower()


def json(raw: bytes, what: str) -> Any:
    """The tree; 400 for what is not JSON."""
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        raise refusal.bad_request(f"{what}: {error}") from error


def sent(raw: bytes, content_type: str, kind: Kind, version: str) -> Object:
    """The object of a create or an update, as it is stored."""
    if media(content_type) not in ("", _JSON):
        raise refusal.unsupported((_JSON,))
    obj = json(raw, f"couldn't get version/kind; json parse error (must be of type {kind.name})")
    if not isinstance(obj, dict):
        raise refusal.bad_request(f"{kind.name} cannot be handled as a {kind.name}: {misfit(obj, kind)}")
    if obj.get("kind") not in (None, "", kind.name):
        raise refusal.bad_request(f"the object provided is unrecognized (must be of type {kind.name}): {obj['kind']}")
    expected = kind.api_version(version)
    if obj.get("apiVersion") not in (None, "", expected):
        why = f"the API version in the data ({obj['apiVersion']}) does not match the expected API version ({expected})"
        raise refusal.bad_request(why)
    return _stored({**obj, "apiVersion": expected, "kind": kind.name}, kind, version)


def review(raw: bytes, content_type: str) -> Object:
    """An access review, which newer clients send as protobuf."""
    if media(content_type) == _PROTOBUF:
        try:
            return protobuf.review(raw)
        except protobuf.Malformed as error:
            raise refusal.bad_request(str(error)) from error
    if media(content_type) not in ("", _JSON):
        raise refusal.unsupported((_JSON, _PROTOBUF))
    found = json(raw, "couldn't get version/kind; json parse error")
    if not isinstance(found, dict) or not isinstance(found.get("spec"), dict):
        raise refusal.bad_request("an access review has a spec")
    return found


def options(raw: bytes, content_type: str) -> Object:
    """DeleteOptions; an empty body has none."""
    if not raw.strip():
        return {}
    if media(content_type) not in ("", _JSON):
        raise refusal.unsupported((_JSON,))
    found = json(raw, "couldn't get version/kind; json parse error")
    if not isinstance(found, dict):
        raise refusal.bad_request("DeleteOptions is not an object")
    return found


class Patch:
    """A patch of one of the three kinds, ready to be applied."""

    def __init__(self, raw: bytes, content_type: str) -> None:
        self._media = media(content_type)
        if self._media not in _PATCHES:
            raise refusal.unsupported(_PATCHES)
        self._raw = raw
        self._patch = json(raw, "error decoding patch")
        if self._media == _STRATEGIC and not isinstance(self._patch, dict):
            raise refusal.bad_request("error decoding patch: a strategic merge patch is an object")

    def on(self, document: Object) -> Any:
        """The patched document; 422 where a JSON patch does not apply, 400 where the patch makes no sense."""
        try:
            if self._media == _MERGE:
                return patch.merge(document, self._patch)
            if self._media == _STRATEGIC:
                return patch.strategic(document, self._patch)
            return patch.json_patch(document, self._patch)
        except patch.PatchError as error:
            if self._media == _JSON_PATCH and isinstance(self._patch, list):
                raise refusal.Refusal(422, "Invalid", str(error)) from error
            raise refusal.bad_request(str(error)) from error

    def on_stored(self, obj: Object, kind: Kind, version: str) -> Object:
        """Patches a stored object through the client's version; 422 where the result is no object of its kind."""
        result = self.on(shown(obj, kind, version))
        if why := misfit(result, kind):
            raise refusal.unfit_patch(self._raw.decode(errors="replace"), why)
        if dig(result, "kind") not in (None, kind.name):
            raise refusal.unfit_patch(self._raw.decode(errors="replace"), "the kind of an object cannot be changed")
        return _stored(result, kind, version)


def _stored(obj: Object, kind: Kind, version: str) -> Object:
    try:
        return stored(obj, kind, version)
    except Unconvertible as error:
        raise refusal.bad_request(str(error)) from error
