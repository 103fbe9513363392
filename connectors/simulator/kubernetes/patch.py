"""Three ways to patch: JSON merge (RFC 7386), JSON patch (RFC 6902), and Kubernetes' strategic merge.

A strategic merge knows which lists are maps in disguise. The keys are those that the real types declare
(``patchMergeKey`` in k8s.io/api); a list that is not named here is replaced as a whole.
"""

from __future__ import annotations

from typing import Any

from connectors.simulator.kubernetes.element_order import in_order
from connectors.simulator.kubernetes.objects import Object, copied, size

MERGE_KEYS = {
    "conditions": "type",
    "containers": "name",
    "env": "name",
    "ephemeralContainers": "name",
    "hostAliases": "ip",
    "imagePullSecrets": "name",
    "initContainers": "name",
    "ownerReferences": "uid",
    "schedulingGates": "name",
    "topologySpreadConstraints": "topologyKey",
    "volumeDevices": "devicePath",
    "volumeMounts": "mountPath",
    "volumes": "name",
}
MOST_OPERATIONS = 10_000
MOST_COPIED = 50_000  # values that the copies of one patch may make: each can double what is there
_ORDER = "$setElementOrder"
_MERGED_PRIMITIVES = ("finalizers",)


class PatchError(Exception):
    """The patch cannot be applied to this document. The message is what the server answers."""


def merge(document: Any, patch: Any) -> Any:
    """RFC 7386: objects merge, null deletes, everything else replaces."""
    if not isinstance(patch, dict):
        return copied(patch)
    result = dict(document) if isinstance(document, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


def strategic(document: Object, patch: Object) -> Object:
    """Strategic merge with its directives: $patch, $retainKeys, $deleteFromPrimitiveList, $setElementOrder."""
    directive = patch.get("$patch")
    if directive == "replace":
        return {key: copied(value) for key, value in patch.items() if key != "$patch"}
    if directive == "delete":
        return {}
    if directive not in (None, "merge"):
        raise PatchError(f"unknown patch type found: {directive}")
    result = dict(document)
    if "$retainKeys" in patch:
        result = {key: value for key, value in result.items() if key in patch["$retainKeys"]}
    for key, value in patch.items():
        if key.startswith("$"):
            _directive(result, key, value)
        elif value is None:
            result.pop(key, None)
        else:
            result[key] = _strategic_value(key, result.get(key), value, _order(patch, key))
    return result


def _order(patch: Object, field: str) -> list[Any] | None:
    """The order that the patch wants of a list of objects; None where it says nothing."""
    order = patch.get(f"{_ORDER}/{field}")
    return order if isinstance(order, list) and all(isinstance(item, dict) for item in order) else None


def _directive(result: Object, key: str, value: Any) -> None:
    name, _, field = key.partition("/")
    if name == "$deleteFromPrimitiveList":
        result[field] = [item for item in result.get(field, []) if item not in value]
    elif name == _ORDER:
        order = _order({key: value}, field)
        if isinstance(result.get(field), list) and order:
            result[field] = _strategic_value(field, result[field], [], order)
    elif name not in ("$retainKeys", "$patch"):
        raise PatchError(f"unknown directive {key}")


def _strategic_value(field: str, before: Any, value: Any, order: list[Any] | None = None) -> Any:
    if isinstance(value, dict):
        return strategic(before if isinstance(before, dict) else {}, value)
    if isinstance(value, list) and isinstance(before, list):
        key = _merge_key(field, value or order or [])
        if key:
            return _merge_list(before, value, key, order)
        if field in _MERGED_PRIMITIVES:
            return [*before, *(item for item in value if item not in before)]
    return copied(value)


def _merge_key(field: str, items: list[Any]) -> str:
    if not all(isinstance(item, dict) for item in items):
        return ""
    if field == "ports":  # a container's ports merge by containerPort, a service's by port
        return "containerPort" if any("containerPort" in item for item in items) else "port"
    return MERGE_KEYS.get(field, "")


def _merge_list(before: list[Any], patch: list[Any], key: str, order: list[Any] | None) -> list[Any]:
    if any(item.get("$patch") == "replace" for item in patch):
        return [copied(item) for item in patch if "$patch" not in item]
    result = list(before)
    for item in patch:
        if key not in item:
            raise PatchError(f"map: {item} does not contain declared merge key: {key}")
        place = next((i for i, old in enumerate(result) if old.get(key) == item[key]), None)
        if item.get("$patch") == "delete":
            result = [old for old in result if old.get(key) != item[key]]
        elif place is None:
            result.append(strategic({}, item))
        else:
            result[place] = strategic(result[place], item)
    named = patch if order is None else order
    return in_order(result, before, [item for item in named if "$patch" not in item], key)


def json_patch(document: Object, operations: Any) -> Any:
    """RFC 6902. PatchError names the operation that cannot be done."""
    if not isinstance(operations, list):
        raise PatchError(
            "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"
        )
    if len(operations) > MOST_OPERATIONS:
        raise PatchError(f"The allowed maximum operations in a JSON patch is {MOST_OPERATIONS}, got {len(operations)}")
    result, room = copied(document), MOST_COPIED
    for operation in operations:
        if not isinstance(operation, dict):
            raise PatchError("json: cannot unmarshal value into Go value of type jsonpatch.Operation")
        if operation.get("op") == "copy":
            room -= size(_at(result, str(operation.get("from", "")), "copy"))
            if room < 0:
                raise PatchError("unable to copy: the limit on the size of what copies make is exceeded")
        result = _operate(result, operation)
    return result


def _operate(document: Any, operation: Object) -> Any:
    name, path = operation.get("op"), operation.get("path")
    if not isinstance(path, str):
        raise PatchError("missing path")
    if name == "test":
        if _at(document, path, "test") != operation.get("value"):
            raise PatchError(f"testing value {path} failed: test failed")
        return document
    if name in ("move", "copy"):
        source = str(operation.get("from", ""))
        value = copied(_at(document, source, str(name)))
        document = _removed(document, source) if name == "move" else document
        return _added(document, path, value)
    if name == "add":
        return _added(document, path, copied(operation.get("value")))
    if name == "remove":
        return _removed(document, path)
    if name == "replace":
        _at(document, path, "replace")
        return _replaced(document, path, copied(operation.get("value")))
    raise PatchError(f"Unexpected kind: {name}")


def _steps(path: str) -> list[str]:
    if path and not path.startswith("/"):
        raise PatchError(f"path {path!r} does not start with a slash")
    return [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:]]


def _at(document: Any, path: str, operation: str) -> Any:
    for step in _steps(path):
        document = _child(document, step, operation, path)
    return document


def _child(document: Any, step: str, operation: str, path: str) -> Any:
    if isinstance(document, dict) and step in document:
        return document[step]
    if isinstance(document, list) and step.isdecimal() and int(step) < len(document):
        return document[int(step)]
    raise PatchError(f"{operation} operation does not apply: doc is missing key: {path}: missing value")


def _parent(document: Any, path: str, operation: str) -> tuple[Any, str]:
    steps = _steps(path)
    if not steps:
        raise PatchError(f"{operation} operation does not apply to the whole document")
    *parents, last = steps
    for step in parents:
        document = _child(document, step, operation, path)
    return document, last


def _added(document: Any, path: str, value: Any) -> Any:
    if not path:
        return value
    parent, last = _parent(document, path, "add")
    if isinstance(parent, list):
        parent.insert(_index(parent, last, path), value)
    elif isinstance(parent, dict):
        parent[last] = value
    else:
        raise PatchError(f"add operation does not apply: doc is missing path: {path}: missing value")
    return document


def _index(items: list[Any], step: str, path: str) -> int:
    if step == "-":
        return len(items)
    if step.isdecimal() and int(step) <= len(items):
        return int(step)
    raise PatchError(f"add operation does not apply: {path}: invalid index referenced")


def _removed(document: Any, path: str) -> Any:
    parent, last = _parent(document, path, "remove")
    _child(parent, last, "remove", path)
    del parent[int(last) if isinstance(parent, list) else last]
    return document


def _replaced(document: Any, path: str, value: Any) -> Any:
    if not path:
        return value
    parent, last = _parent(document, path, "replace")
    parent[int(last) if isinstance(parent, list) else last] = value
    return document
