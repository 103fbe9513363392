"""What all environments of a config share: the lines of the topology, their queries, other names, and rules."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from connectors import CONNECTORS, ConnectorError
from connectors.presets import Query, is_match, presets, queries_for, rules_for
from console.config import tables
from console.config.document import Document
from console.model.component import ComponentId, Health, system_of
from console.model.layout import Placement
from console.model.rules import DEFAULT_RULES, Rule, layered
from console.model.units import parse_duration, parse_quantity
from console.toml_lines import Path as KeyPath


@dataclass(frozen=True, slots=True)
class Shared:
    """``rules`` are all that hold, ``own`` those that the file has; ``components`` are as they were written."""

    placements: tuple[Placement, ...]
    queries: tuple[Query, ...]
    rules: tuple[Rule, ...]
    own: tuple[Rule, ...]
    components: tuple[tables.Component, ...]


def shared_of(document: Document, file: tables.File) -> Shared:
    """What could be read; the rest are faults of the document."""
    components = tuple(_components(document, file.components))
    _check_names(document, file, components)
    own = tuple(_rules(document, file))
    return Shared(
        placements=tuple(Placement(each.alias, each.layer, each.id, each.also, each.show) for _, each in components),
        queries=tuple(query for place, each in components for query in _queries(document, each, place)),
        rules=layered(DEFAULT_RULES, tuple(_ready_rules(each for _, each in components)), own),
        own=own,
        components=tuple(each for _, each in components),
    )


def _components(document: Document, raws: Iterable[object]) -> Iterator[tuple[KeyPath, tables.Component]]:
    for index, raw in enumerate(raws):
        place: KeyPath = ("components", index)
        component = document.convert(raw, tables.Component, place)
        if component is not None:
            yield place, component


def _check_names(document: Document, file: tables.File, components: Iterable[tuple[KeyPath, tables.Component]]) -> None:
    taken = set(file.aliases)
    for place, each in components:
        if each.alias in taken:
            document.fault((*place, "alias"), f"the alias {each.alias!r} is taken; each names one line")
        taken.add(each.alias)
        if not each.alias or set(each.alias) & set("./"):
            document.fault((*place, "alias"), f"an alias is a name without '.' and '/', not {each.alias!r}")
        _check_id(document, each.id, (*place, "id"))
        for other in each.also:
            _check_id(document, other, (*place, "also"))
    for alias, component in file.aliases.items():
        _check_id(document, component, ("aliases", alias))


def _check_id(document: Document, component: ComponentId, path: KeyPath) -> None:
    if system_of(component) not in CONNECTORS or "/" not in component:
        known = ", ".join(CONNECTORS)
        document.fault(path, f"{component!r} is not a component id: expected SYSTEM/…/NAME with one of {known}")


def _queries(document: Document, entry: tables.Component, place: KeyPath) -> Iterator[Query]:
    if not entry.preset and not entry.signals:
        return
    owner = next((each for each in (entry.id, *entry.also) if system_of(each) == "prometheus"), None)
    if owner is None:
        document.fault((*place, "id"), f"{entry.alias!r} has queries but no prometheus/… id to hang them on")
        return
    if not is_match(entry.match):
        document.fault((*place, "match"), f"""expected 'label="value"', with commas between, not {entry.match!r}""")
        return
    if entry.preset:
        try:
            yield from queries_for(owner, entry.preset, entry.match, _window(document, entry, place))
        except ConnectorError as error:
            document.fault((*place, "preset"), str(error))
    for name, raw in entry.signals.items():
        signal = document.convert(raw, tables.Signal, (*place, "signals", name))
        if signal is not None:
            yield Query(owner, name, signal.query, signal.unit)


def _window(document: Document, entry: tables.Component, place: KeyPath) -> str:
    """As PromQL writes it, which knows no fractions and no spaces."""
    if entry.window and not re.fullmatch(r"[1-9]\d{0,3}[smh]", entry.window):
        document.fault((*place, "window"), f"expected a window such as 90s, 2m or 1h, not {entry.window!r}")
        return ""
    return entry.window


def _ready_rules(components: Iterable[tables.Component]) -> Iterator[Rule]:
    known = presets()
    for each in components:
        if each.preset in known:
            yield from rules_for(each.alias, each.preset)


def _rules(document: Document, file: tables.File) -> Iterator[Rule]:
    aliases = [str(raw.get("alias", "")) for raw in file.components]  # also of a component with a fault of its own
    for index, raw in enumerate(file.rules):
        place: KeyPath = ("rules", index)
        entry = document.convert(raw, tables.Rule, place)
        if entry is None:
            continue
        if (entry.above is None) == (entry.below is None):
            document.fault(place, "a rule has exactly one of `above` and `below`")
        alias, dot, _ = entry.signal.partition(".")
        if not dot or not any(fnmatchcase(one, alias) for one in aliases):
            document.fault((*place, "signal"), f"{entry.signal!r} is no signal of a component: expected ALIAS.NAME")
        yield Rule(
            entry.signal,
            above=_quantity(document, entry.above, (*place, "above")),
            below=_quantity(document, entry.below, (*place, "below")),
            hold=_duration(document, entry.hold, (*place, "for")),
            health=Health[entry.health.upper()],
        )


def _quantity(document: Document, value: str | float | None, path: KeyPath) -> float | None:
    quantity = _number(document, value, path, parse_quantity)
    if quantity is not None and not math.isfinite(quantity):
        document.fault(path, f"expected a finite number, not {value!r}")
        return None
    return quantity


def _duration(document: Document, value: str | float, path: KeyPath) -> float:
    seconds = _number(document, value, path, parse_duration)
    if seconds is not None and not 0 <= seconds < math.inf:
        document.fault(path, f"expected a duration such as 90s, not {value!r}")
        return 0.0
    return seconds or 0.0


def _number(
    document: Document, value: str | float | None, path: KeyPath, parse: Callable[[str], float]
) -> float | None:
    if not isinstance(value, str):
        return value
    try:
        return parse(value)
    except ValueError as error:
        document.fault(path, str(error))
        return None
