"""Names of things: component ids, and health.

An id is ``system/kind/…/name`` and stable for the life of the thing it names:
``kubernetes/deployment/shop/api``, ``kubernetes/hpa/shop/api``, ``kafka/group/orders``,
``redis/cache``, ``prometheus/gateway``, ``host/local``. The first part is the source that knows it: a system, or one
of several of its kind with a name of its own after a dash, as in ``kubernetes-eu/deployment/shop/api``.
"""

from __future__ import annotations

from enum import IntEnum

ComponentId = str


class Health(IntEnum):
    """Ordered by how much it needs a person; the worst wins. UNKNOWN is never shown as healthy."""

    OK = 0
    WARN = 1
    UNKNOWN = 2
    CRIT = 3

    @property
    def word(self) -> str:
        return {Health.OK: "OK", Health.WARN: "WARN", Health.UNKNOWN: "????", Health.CRIT: "CRIT"}[self]


def source_of(component: ComponentId) -> str:
    """The configured connector that knows this component: the part before the first slash."""
    return component.split("/", 1)[0]


def system_of(component: ComponentId) -> str:
    """What kind of system that is: ``kubernetes`` of ``kubernetes-eu/hpa/shop/api``, and of ``kubernetes-eu`` alone."""
    return source_of(component).split("-", 1)[0]


def kind_of(component: ComponentId) -> str:
    """``kubernetes/hpa`` of ``kubernetes-eu/hpa/shop/api``; ``redis`` of ``redis/cache``."""
    parts = component.split("/")
    system = system_of(component)
    return f"{system}/{parts[1]}" if len(parts) > 2 else system


def name_of(component: ComponentId) -> str:
    """The last part, what a person calls it."""
    return component.rsplit("/", 1)[-1]
