"""Kubernetes objects are JSON trees: the store is generic, as the real one is, so they stay plain dicts in here.

An object in the store is never changed in place. Whoever wants another one copies it, so that watchers, history and
readers may keep what they were given.
"""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]


def copied(value: Any) -> Any:
    """A deep copy of a JSON tree."""
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [copied(item) for item in value]
    return value


def dig(value: Any, *path: str, default: Any = None) -> Any:
    """What stands at a path of keys; ``default`` where a step is missing or not a mapping."""
    for key in path:
        if not isinstance(value, dict):
            return default
        value = value.get(key)
    return default if value is None else value


def pruned(value: Any) -> Any:
    """The tree without its nulls: on a real server a null field is an absent one."""
    if isinstance(value, dict):
        return {key: pruned(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [pruned(item) for item in value]
    return value


def name_of(obj: Object) -> str:
    return str(dig(obj, "metadata", "name", default=""))


def namespace_of(obj: Object) -> str:
    return str(dig(obj, "metadata", "namespace", default=""))


def labels_of(obj: Object) -> dict[str, str]:
    labels: dict[str, str] = dig(obj, "metadata", "labels", default={})
    return labels


def owner_of(obj: Object) -> str:
    """The uid of the controlling owner, "" for an object that has none."""
    for reference in dig(obj, "metadata", "ownerReferences", default=[]):
        if reference.get("controller"):
            return str(reference.get("uid", ""))
    return ""


def owned_by(owner: Object) -> list[Object]:
    """The ``ownerReferences`` of an object that ``owner`` controls."""
    return [
        {
            "apiVersion": owner["apiVersion"],
            "kind": owner["kind"],
            "name": name_of(owner),
            "uid": owner["metadata"]["uid"],
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]


def depth(value: Any, most: int) -> int:
    """Levels of a JSON tree, counted no further than one beyond ``most`` and without recursion."""
    level, found = [value], 0
    while level and found <= most:
        inner = (item for item in level if isinstance(item, dict | list))
        level = [child for item in inner for child in (item.values() if isinstance(item, dict) else item)]
        found += bool(level)
    return found


def size(value: Any) -> int:
    """How many values a JSON tree consists of."""
    level, found = [value], 0
    while level:
        found += len(level)
        inner = (item for item in level if isinstance(item, dict | list))
        level = [child for item in inner for child in (item.values() if isinstance(item, dict) else item)]
    return found
