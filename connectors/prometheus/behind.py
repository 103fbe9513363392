"""The query behind a number, to be pasted into Prometheus's own page or ``promtool query instant``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from connectors.presets import Query
from console.model.component import ComponentId

DERIVED: Mapping[str, str] = {
    "hit_rate": "({hits}) / (({hits}) + ({misses}))",
    "memory_ratio": "({memory}) / ({memory_max})",
    "connections_ratio": "({connections}) / ({connections_max})",
    "growth": "({produced}) - ({consumed})",
    "drain": "({lag}) / (({consumed}) - ({produced}))",
}
"""What the console itself makes of several signals of a component, as one query would: see console/model/derive.py."""


def behind(queries: Iterable[Query], component: ComponentId, signal: str) -> str:
    """The PromQL of one signal; "" where no query measures it and it follows from none."""
    exprs = {query.signal: query.expr for query in queries if query.component == component}
    if signal in exprs:
        return exprs[signal]
    try:
        return DERIVED[signal].format_map(exprs) if signal in DERIVED else ""
    except KeyError:
        return ""
