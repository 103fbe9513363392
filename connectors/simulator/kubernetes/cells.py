"""What a column of ``kubectl get`` is, and the cells that many kinds share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from connectors.simulator.kubernetes.objects import Object, dig, name_of
from connectors.simulator.kubernetes.selector import as_text

NONE = "<none>"


@dataclass(frozen=True, slots=True)
class Column:
    """``value`` takes the object and the wall time; ``wide`` columns are shown with ``-o wide`` only."""

    name: str
    value: Callable[[Object, float], object]
    type: str = "string"
    wide: bool = False

    def definition(self) -> Object:
        style = "name" if self.name == "Name" else ""
        return {
            "name": self.name,
            "type": self.type,
            "format": style,
            "description": "",
            "priority": 1 if self.wide else 0,
        }


def duration(seconds: float) -> str:
    """An age as kubectl writes it (``duration.HumanDuration``): 90s, 5m, 3h20m, 4d."""
    if seconds < 0:
        return "0s" if seconds > -2 else "<invalid>"
    minutes, hours, days = int(seconds // 60), int(seconds // 3600), int(seconds // 86400)
    if seconds < 120:
        return f"{int(seconds)}s"
    if minutes < 10:
        return _two(minutes, "m", int(seconds) % 60, "s")
    if hours < 3:
        return f"{minutes}m"
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return _two(days, "d", hours % 24, "h")
    return f"{days}d" if days < 730 else _two(days // 365, "y", days % 365, "d")


def _two(high: int, unit: str, low: int, lesser: str) -> str:
    return f"{high}{unit}{low}{lesser}" if low else f"{high}{unit}"


def since(stamp: str | None, now: float) -> str:
    return passed(stamp, now) if stamp else "<unknown>"


@lru_cache(1024)
def passed(stamp: str, now: float) -> str:
    """An age; the pods of a rollout have the same in one table."""
    return duration(now - datetime.fromisoformat(stamp).timestamp())


def at(*path: str, default: object = "") -> Callable[[Object, float], object]:
    return lambda obj, now: dig(obj, *path, default=default)


def text(*path: str, default: str = NONE) -> Callable[[Object, float], object]:
    return lambda obj, now: str(dig(obj, *path, default=default))


def age(obj: Object, now: float) -> str:
    return since(dig(obj, "metadata", "creationTimestamp"), now)


def containers(part: str) -> Callable[[Object, float], object]:
    path = ("spec", "template", "spec", "containers")
    return lambda obj, now: ",".join(str(item.get(part, "")) for item in dig(obj, *path, default=[]))


def selector(obj: Object, now: float) -> str:
    return as_text(dig(obj, "spec", "selector", default={})) or NONE


NAME = Column("Name", lambda obj, now: name_of(obj))
AGE = Column("Age", age)
IMAGES = (
    Column("Containers", containers("name"), wide=True),
    Column("Images", containers("image"), wide=True),
)
