"""The views, one row each: its name, and the pure function that draws it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from panels import lag, playbooks, pods, topology
from panels.line import Row
from panels.scene import Scene

VIEWS: Mapping[str, Callable[[Scene], tuple[Row, ...]]] = {
    "topology": topology.rows,
    "lag": lag.rows,
    "pods": pods.rows,
    "playbooks": playbooks.rows,
}
