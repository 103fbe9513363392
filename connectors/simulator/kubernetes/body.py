"""Request bodies: by content type, into JSON trees and into edits of an object."""

from __future__ import annotations

from typing import Any

import msgspec

from connectors.simulator.kubernetes import patch, protobuf, refusal, yaml_body
from connectors.simulator.kubernetes.conversion import Unconvertible, shown, stored
from connectors.simulator.kubernetes.kinds import Kind
from connectors.simulator.kubernetes.objects import Object, depth, dig
from connectors.simulator.kubernetes.shapes import go_type, misfit

JSON, YAML = "application/json", "application/yaml"
_READ = (JSON, YAML, protobuf.MEDIA)
_MERGE, _STRATEGIC = "application/merge-patch+json", "application/strategic-merge-patch+json"
_JSON_PATCH = "application/json-patch+json"
APPLY = "application/apply-patch+yaml"
PATCHES = (_JSON_PATCH, _MERGE, _STRATEGIC, APPLY)
_GO_MAP = "map[string]interface {}"  # the real server's words for an object
DEEPEST = 200  # levels; what every walk over a tree must stand


def media(content_type: str) -> str:
    return content_type.split(";")[0].strip().lower()


def json(raw: bytes, what: str) -> Any:
    """The tree; 400 for what is not JSON, or nested beyond reason."""
    try:
        return _bounded(msgspec.json.decode(raw), what)
    except (msgspec.DecodeError, RecursionError) as error:
        raise refusal.bad_request(f"{what}: {error}") from error


def _bounded(tree: Any, what: str) -> Any:
    if depth(tree, DEEPEST) > DEEPEST:
        raise refusal.bad_request(f"{what}: exceeded max depth")
    return tree


def _json_or_yaml(raw: bytes, what: str) -> Any:
    """JSON is YAML, and is what most clients send as such."""
    if raw.lstrip()[:1] == b"{":
        try:
            return _bounded(msgspec.json.decode(raw), what)
        except (msgspec.DecodeError, RecursionError):
            pass  # it may still be YAML in flow style
    try:
        return yaml_body.parsed(raw)
    except yaml_body.NotYaml as error:
        raise refusal.bad_request(f"{what}: error converting YAML to JSON: {error}") from error


def _tree(raw: bytes, content_type: str, what: str) -> Any:
    """A body in any of the forms that a client may send an object in."""
    kind = media(content_type)
    if kind == protobuf.MEDIA:
        try:
            return protobuf.decoded(raw)
        except protobuf.Malformed as error:
            raise refusal.bad_request(str(error)) from error
    if kind in ("", JSON):
        return json(raw, what)
    if kind == YAML:
        return _json_or_yaml(raw, what)
    raise refusal.unsupported(_READ)


def sent(raw: bytes, content_type: str, kind: Kind, version: str) -> Object:
    """The object of a create or an update, as its sender sees it (see ``as_stored``)."""
    obj = _tree(raw, content_type, f"couldn't get version/kind; json parse error (must be of type {kind.name})")
    if not isinstance(obj, dict):
        raise refusal.bad_request(f"{kind.name} cannot be handled as a {kind.name}: {misfit(obj, kind)}")
    return identified(obj, kind, version)


def identified(obj: Object, kind: Kind, version: str) -> Object:
    """The object with the kind and version that the path says; 400 where it names others."""
    if obj.get("kind") not in (None, "", kind.name):
        raise refusal.bad_request(f"the object provided is unrecognized (must be of type {kind.name}): {obj['kind']}")
    expected = kind.api_version(version)
    if obj.get("apiVersion") not in (None, "", expected):
        why = f"the API version in the data ({obj['apiVersion']}) does not match the expected API version ({expected})"
        raise refusal.bad_request(why)
    return {**obj, "apiVersion": expected, "kind": kind.name}


def review(raw: bytes, content_type: str) -> Object:
    """An access review; an empty spec where it has none."""
    found = _tree(raw, content_type, "couldn't get version/kind; json parse error")
    if not isinstance(found, dict) or not isinstance(found.get("spec", {}), dict):
        raise refusal.bad_request("an access review has a spec")
    return found


def options(raw: bytes, content_type: str) -> Object:
    """DeleteOptions, or an Eviction; an empty body has none."""
    if not raw.strip():
        return {}
    found = _tree(raw, content_type, "couldn't get version/kind; json parse error")
    if not isinstance(found, dict):
        raise refusal.bad_request("DeleteOptions is not an object")
    return found


def as_stored(obj: Object, kind: Kind, version: str) -> Object:
    """What a client of ``version`` sent, in the version of the store."""
    try:
        return stored(obj, kind, version)
    except Unconvertible as error:
        raise refusal.bad_request(str(error)) from error


class Patch:
    """A patch of one of the four kinds, ready to be applied."""

    def __init__(self, raw: bytes, content_type: str) -> None:
        self._media = media(content_type)
        if self._media not in PATCHES:
            raise refusal.unsupported(PATCHES)
        self._raw = raw
        self._patch = self._applied() if self.is_apply else json(raw, "error decoding patch")
        if self._media == _STRATEGIC and not isinstance(self._patch, dict):
            raise refusal.bad_request(f"json: cannot unmarshal {go_type(self._patch)} into Go value of type {_GO_MAP}")

    @property
    def is_apply(self) -> bool:
        """Whether it says what its sender wants to own, rather than what to change."""
        return self._media == APPLY

    @property
    def configuration(self) -> Object:
        """The object of an apply."""
        return dict(self._patch)

    def _applied(self) -> Any:
        what = "error decoding YAML"
        found = _json_or_yaml(self._raw, what)
        if not isinstance(found, dict):
            raise refusal.bad_request(f"{what}: an apply patch is an object")
        return found

    def on(self, document: Object) -> Any:
        """The patched document; 422 where a JSON patch does not apply, 400 where the patch makes no sense."""
        try:
            if self._media == _MERGE:
                return _bounded(patch.merge(document, self._patch), "merge patch")
            if self._media == _STRATEGIC:
                return patch.strategic(document, self._patch)
            return _bounded(patch.json_patch(document, self._patch), "JSON patch")
        except patch.PatchError as error:
            if self._media == _JSON_PATCH and isinstance(self._patch, list):
                raise refusal.inapplicable() from error
            raise refusal.bad_request(str(error)) from error

    def on_shown(self, obj: Object, kind: Kind, version: str) -> Object:
        """A stored object, patched as a client of ``version`` sees it; 422 where the result is none of its kind."""
        result = self.on(shown(obj, kind, version))
        if why := misfit(result, kind):
            raise refusal.unfit_patch(self._raw.decode(errors="replace"), why)
        if dig(result, "kind") not in (None, kind.name):
            raise refusal.unfit_patch(self._raw.decode(errors="replace"), "the kind of an object cannot be changed")
        return dict(result)
