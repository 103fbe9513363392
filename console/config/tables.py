"""The tables of ``seawall.toml`` as they are written. The connectors' own are in ``connectors.settings``.

The words beside and above the fields are what editors show: ``seawall config schema`` takes them from here.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from console.model.signal import Unit


class Signal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A signal by a query of your own."""

    query: str  # PromQL that answers with one number, in base units
    unit: Unit = Unit.NONE  # of the answer: "ratio" is 0 to 1, "s" seconds, "B" bytes


class Component(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One line of the topology. Layers are drawn in order of first appearance, top to bottom."""

    alias: str  # what it is called everywhere: a name without '.' and '/'
    layer: str  # the row of the request path in which it stands
    id: str  # SYSTEM/…/NAME, as in kubernetes/deployment/shop/api
    also: tuple[str, ...] = ()  # other components on the same line
    preset: str = ""  # ready signals of a well-known exporter
    match: str = ""  # put into the preset's selectors: 'ingress="shop"'
    window: str = ""  # what the preset's rates look back on; four scrapes at least, default 1m
    show: tuple[str, ...] = ()  # names of the signals on the line, in order
    signals: dict[str, dict[str, Any]] = {}  # signals by queries of your own, by name


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A bound on a signal. It takes the place of a default rule about the same signal at the same health."""

    signal: str  # ALIAS.NAME, globs allowed
    above: str | float | None = None  # a number in base units, or with its unit: 70%, 200ms, 100/s
    below: str | float | None = None  # as above; a rule has exactly one of the two
    hold: str | float = msgspec.field(default=60.0, name="for")  # so long on end before it fires: 60s
    health: Literal["warn", "crit"] = "warn"  # what the signal's component is then


class EnvironmentTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One environment: how it is read, and a table for each system in it."""

    production: bool = False  # changes are confirmed by typing the environment's name
    armed: bool = False  # starts armed; refused in production
    speed: float = 1.0  # estate seconds per second; other than 1 only for a simulated estate
    pace: str = ""  # only for a simulated estate: the file that says how its clock ran
    interval: float = 1.0  # seconds between readings, 0.2 to 3600
    state: str = ""  # where journals are kept; default: the user's state directory


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file. Tables within are converted one by one, so that each error names its line."""

    environments: dict[str, dict[str, Any]]  # by name
    components: tuple[dict[str, Any], ...]  # the topology, top to bottom
    environment: str = ""  # the default one; --environment NAME chooses another
    features: dict[str, tuple[str, ...]] = {}  # tiers for the action redis.feature: names of flags
    aliases: dict[str, str] = {}  # names for playbooks that have no line of their own: a component's id each
    rules: tuple[dict[str, Any], ...] = ()  # bounds beside the default ones
