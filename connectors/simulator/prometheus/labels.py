"""Label sets as sorted tuples of pairs: hashable, comparable, and cheap to share between samples.

Queries rewrite the same few label sets at every step, so the rewrites are remembered.
"""

from __future__ import annotations

from functools import lru_cache

Labels = tuple[tuple[str, str], ...]  # sorted by name; an empty value is an absent label

NAME = "__name__"
EMPTY: Labels = ()


def label(labels: Labels, name: str) -> str:
    """The value of a label; "" when it is not there, as Prometheus has it."""
    for key, value in labels:
        if key == name:
            return value
    return ""


@lru_cache(maxsize=8192)
def nameless(labels: Labels) -> Labels:
    """Without the metric's name."""
    return tuple(pair for pair in labels if pair[0] != NAME)


@lru_cache(maxsize=8192)
def keep(labels: Labels, names: frozenset[str]) -> Labels:
    """Only the named labels."""
    return tuple(pair for pair in labels if pair[0] in names)


@lru_cache(maxsize=8192)
def drop(labels: Labels, names: frozenset[str]) -> Labels:
    """All but the named labels; the metric's name stays unless it is named."""
    return tuple(pair for pair in labels if pair[0] not in names)


@lru_cache(maxsize=8192)
def with_label(labels: Labels, name: str, value: str) -> Labels:
    """With a label set, or removed when the value is empty."""
    others = [pair for pair in labels if pair[0] != name]
    return tuple(sorted([*others, (name, value)])) if value else tuple(others)


def written(labels: Labels) -> str:
    """As PromQL writes it: ``up{job="api"}``; ``{}`` when empty."""
    pairs = ", ".join(f'{key}="{value}"' for key, value in labels if key != NAME)
    return f"{label(labels, NAME)}{{{pairs}}}"
