"""Where the members of a merged list stand: as the patch says, and as they stood where it says nothing.

Source: ``normalizeElementOrder`` and ``mergeSortedSlice`` of apimachinery's strategicpatch. A member that only the
patch knows comes before the next one that it does not name: a patch without ``$setElementOrder`` adds at the front.
"""

from __future__ import annotations

from collections import deque
from typing import Any


def in_order(members: list[Any], before: list[Any], named: list[Any], key: str) -> list[Any]:
    """``members`` of the merged list; ``before`` is the list as it was, ``named`` what the patch names in its order."""
    stood, wanted = _places(before, key), _places(named, key)
    asked = sorted((item for item in members if _name(item, key) in wanted), key=lambda item: wanted[_name(item, key)])
    patched, rest = deque(asked), deque(item for item in members if _name(item, key) not in wanted)
    found = []
    while patched and rest:
        left, right = (stood.get(_name(each[0], key)) for each in (rest, patched))
        first = left is not None and right is not None and left < right
        found.append((rest if first else patched).popleft())
    return [*found, *rest, *patched]


def _places(items: list[Any], key: str) -> dict[str, int]:
    return {_name(item, key): place for place, item in enumerate(items)}


def _name(item: Any, key: str) -> str:
    """A key's value may be anything in a patch, a list among others."""
    return repr(item.get(key))
