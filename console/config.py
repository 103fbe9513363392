"""``seawall.toml`` → frozen settings. Strict: what is not known is an error with its line and what was expected."""

from __future__ import annotations

import difflib
import math
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import platformdirs

from connectors import CONNECTORS, ConnectorError, is_source
from connectors.presets import Query, queries_for
from connectors.secret import MissingSecret, Secret
from console.config_error import ConfigError, NoConfig
from console.model.component import ComponentId, Health, system_of
from console.model.layout import Layout, Placement
from console.model.rules import DEFAULT_RULES, Rule, overlay
from console.model.signal import Unit
from console.model.units import parse_duration, parse_quantity
from console.toml_lines import Path as KeyPath
from console.toml_lines import line_of, parse_path

NAME = "seawall.toml"
LONGEST = 10.0  # wall seconds that a connector may be given for an answer
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Environment:
    """One environment of the config, whole: everything a session needs to open."""

    name: str
    production: bool
    armed: bool
    speed: float  # estate seconds per wall second; 1 but for a simulated estate
    pace: Path | None  # the file in which a simulated estate keeps how its clock ran
    interval: float  # wall seconds between readings
    layout: Layout
    connectors: Mapping[str, msgspec.Struct]  # by connector name, in the order of the table of connectors
    queries: tuple[Query, ...]
    path: Path
    state: Path  # directory of journals; made at the first write

    def interval_of(self, source: str) -> float:
        """Wall seconds between two readings of this source: its own, or the environment's."""
        own: float | None = getattr(self.connectors.get(source), "interval", None)
        return self.interval if own is None else own


class _Signal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    query: str
    unit: Unit = Unit.NONE


class _Component(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    alias: str
    layer: str
    id: str
    also: tuple[str, ...] = ()
    preset: str = ""
    match: str = ""
    show: tuple[str, ...] = ()
    signals: dict[str, dict[str, Any]] = {}  # each a _Signal, read one by one so that errors name the line


class _Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    signal: str
    above: str | float | None = None
    below: str | float | None = None
    hold: str | float = msgspec.field(default=60.0, name="for")
    health: str = "warn"


class _Environment(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    production: bool = False
    armed: bool = False
    speed: float = 1.0
    pace: str = ""
    interval: float = 1.0
    state: str = ""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    environments: dict[str, dict[str, Any]]
    components: tuple[_Component, ...]
    environment: str = ""
    features: dict[str, tuple[str, ...]] = {}
    aliases: dict[str, str] = {}
    rules: tuple[_Rule, ...] = ()


def places() -> tuple[Path, ...]:
    """Where a config is looked for, first to last; ``$SEAWALL_CONFIG`` alone when it is set."""
    named = os.environ.get("SEAWALL_CONFIG")
    if named:
        return (Path(named),)
    return (Path(NAME), Path(platformdirs.user_config_dir("seawall")) / NAME)


def find() -> Path:
    """The config to use; NoConfig says where it was looked for and offers the demo."""
    looked = places()
    found = next((path for path in looked if path.is_file()), None)
    if found is None:
        where = " or ".join(str(path) for path in looked)
        raise NoConfig(f"no config: looked for {where}; try `seawall demo`, or name one with --config FILE")
    return found


def load(path: Path | None = None, environment: str | None = None) -> Environment:
    """The named environment of the config, or its default one. Raises ConfigError; reads nothing but files."""
    file = find() if path is None else path
    return _Reader(file, _text(file)).environment(environment)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text: {error.reason} at byte {error.start}") from error


class _Reader:
    """One file being read; knows where each key stands."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._text = text
        try:
            raw = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise self._syntax(error) from error
        self._file = self._convert(raw, _File, ())

    def environment(self, wanted: str | None) -> Environment:
        name = self._choose(wanted)
        raw = self._file.environments[name]
        base: KeyPath = ("environments", name)
        own = {key: value for key, value in raw.items() if not is_source(key)}
        entry = self._convert(own, _Environment, base, CONNECTORS)
        self._check_environment(entry, base)
        sources = sorted(filter(is_source, raw), key=lambda key: (CONNECTORS.index(system_of(key)), key))
        connectors = {key: self._settings(key, raw[key], (*base, key)) for key in sources}
        return Environment(
            name=name,
            production=entry.production,
            armed=entry.armed,
            speed=entry.speed,
            pace=Path(entry.pace) if entry.pace else None,
            interval=entry.interval,
            layout=self._layout(entry, connectors),
            connectors=connectors,
            queries=tuple(query for index in range(len(self._file.components)) for query in self._queries(index)),
            path=self._path,
            state=self._state(entry, base),
        )

    def _choose(self, wanted: str | None) -> str:
        names = tuple(self._file.environments)
        name = wanted or self._file.environment or (names[0] if len(names) == 1 else "")
        if name in names:
            return name
        known = f"the environments are {', '.join(names)}" if names else "there are no environments"
        if not name:
            raise self.error(("environment",), f"name one with `environment = …` or --environment: {known}")
        raise self.error(("environment",), f"no environment {name!r}: {known}")

    def _check_environment(self, entry: _Environment, base: KeyPath) -> None:
        if entry.production and entry.armed:
            raise self.error((*base, "armed"), "a production environment does not start armed")
        self._check_interval(entry.interval, base)
        if not 0 < entry.speed <= 1000:
            raise self.error((*base, "speed"), "expected more than 0 and at most 1000")
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", str(base[-1])):
            raise self.error(base, "an environment's name is letters, digits, '-', '_' and '.', at most 64")

    def _state(self, entry: _Environment, base: KeyPath) -> Path:
        if not entry.state:
            return Path(platformdirs.user_state_dir("seawall")) / str(base[-1])
        try:
            return Path(entry.state).expanduser()
        except RuntimeError as error:
            raise self.error((*base, "state"), f"{entry.state}: there is no such home") from error

    def _check_interval(self, interval: float, base: KeyPath) -> None:
        if not 0.2 <= interval <= 3600:
            raise self.error((*base, "interval"), "expected 0.2 to 3600 seconds")

    def _settings(self, name: str, raw: dict[str, Any], base: KeyPath) -> msgspec.Struct:
        kind: type[msgspec.Struct] = import_module(f"connectors.settings.{system_of(name)}").Settings
        settings = self._convert(raw, kind, base)
        for field in msgspec.structs.fields(kind):
            value = getattr(settings, field.name)
            if isinstance(value, Secret):
                self._check_secret(value, (*base, field.encode_name))
        interval: float | None = getattr(settings, "interval", None)
        if interval is not None:
            self._check_interval(interval, base)
        if not 0 < getattr(settings, "timeout", LONGEST) <= LONGEST:
            raise self.error((*base, "timeout"), f"expected more than 0 and at most {LONGEST:g} seconds")
        return settings

    def _check_secret(self, secret: Secret, path: KeyPath) -> None:
        try:
            secret.reveal()
        except MissingSecret as error:
            raise self.error(path, str(error)) from error

    def _layout(self, entry: _Environment, connectors: Mapping[str, msgspec.Struct]) -> Layout:
        self._check_components()
        own = {name: getattr(settings, "interval", None) for name, settings in connectors.items()}
        return Layout(
            placements=tuple(
                Placement(each.alias, each.layer, each.id, each.also, each.show) for each in self._file.components
            ),
            aliases=self._file.aliases,
            features=self._file.features,
            rules=overlay(DEFAULT_RULES, tuple(self._rules())),
            interval=entry.interval * entry.speed,
            intervals={name: interval * entry.speed for name, interval in own.items() if interval is not None},
        )

    def _check_components(self) -> None:
        aliases: set[str] = set()
        for index, each in enumerate(self._file.components):
            base: KeyPath = ("components", index)
            if each.alias in aliases or each.alias in self._file.aliases:
                raise self.error((*base, "alias"), f"the alias {each.alias!r} is taken; each names one line")
            aliases.add(each.alias)
            if not each.alias or set(each.alias) & set("./"):
                raise self.error((*base, "alias"), f"an alias is a name without '.' and '/', not {each.alias!r}")
            self._check_id(each.id, (*base, "id"))
            for other in each.also:
                self._check_id(other, (*base, "also"))
        for alias, component in self._file.aliases.items():
            self._check_id(component, ("aliases", alias))

    def _check_id(self, component: ComponentId, path: KeyPath) -> None:
        if system_of(component) not in CONNECTORS or "/" not in component:
            known = ", ".join(CONNECTORS)
            raise self.error(path, f"{component!r} is not a component id: expected SYSTEM/…/NAME with one of {known}")

    def _queries(self, index: int) -> Iterator[Query]:
        entry, base = self._file.components[index], ("components", index)
        if not entry.preset and not entry.signals:
            return
        owner = next((each for each in (entry.id, *entry.also) if system_of(each) == "prometheus"), None)
        if owner is None:
            raise self.error((*base, "id"), f"{entry.alias!r} has queries but no prometheus/… id to hang them on")
        if entry.preset:
            try:
                yield from queries_for(owner, entry.preset, entry.match)
            except ConnectorError as error:
                raise self.error((*base, "preset"), str(error)) from error
        for name, raw in entry.signals.items():
            signal = self._convert(raw, _Signal, (*base, "signals", name))
            yield Query(owner, name, signal.query, signal.unit)

    def _rules(self) -> Iterator[Rule]:
        for index, each in enumerate(self._file.rules):
            base: KeyPath = ("rules", index)
            if (each.above is None) == (each.below is None):
                raise self.error(base, "a rule has exactly one of `above` and `below`")
            if each.health not in ("warn", "crit"):
                raise self.error((*base, "health"), f"expected 'warn' or 'crit', not {each.health!r}")
            alias, dot, _ = each.signal.partition(".")
            if not dot or not any(fnmatchcase(one.alias, alias) for one in self._file.components):
                raise self.error((*base, "signal"), f"{each.signal!r} is no signal of a component: expected ALIAS.NAME")
            yield Rule(
                each.signal,
                above=self._quantity(each.above, (*base, "above")),
                below=self._quantity(each.below, (*base, "below")),
                hold=self._duration(each.hold, (*base, "for")),
                health=Health[each.health.upper()],
            )

    def _quantity(self, value: str | float | None, path: KeyPath) -> float | None:
        if value is None:
            return None
        try:
            quantity = parse_quantity(value) if isinstance(value, str) else value
        except ValueError as error:
            raise self.error(path, str(error)) from error
        if not math.isfinite(quantity):
            raise self.error(path, f"expected a finite number, not {value!r}")
        return quantity

    def _duration(self, value: str | float, path: KeyPath) -> float:
        try:
            seconds = parse_duration(value) if isinstance(value, str) else value
        except ValueError as error:
            raise self.error(path, str(error)) from error
        if not 0 <= seconds < math.inf:
            raise self.error(path, f"expected a duration such as 90s, not {value!r}")
        return seconds

    def _convert(self, raw: object, kind: type[T], base: KeyPath, also: tuple[str, ...] = ()) -> T:
        try:
            return msgspec.convert(raw, kind, dec_hook=_decode)
        except msgspec.ValidationError as error:
            raise self._invalid(error, kind, base, also) from error

    def _invalid(
        self, error: msgspec.ValidationError, kind: type[object], base: KeyPath, also: tuple[str, ...]
    ) -> ConfigError:
        text, _, place = str(error).partition(" - at ")
        path = base + parse_path(place.strip("`"))
        unknown = re.fullmatch(r"Object contains unknown field `(.*)`", text, re.DOTALL)
        if unknown is None:
            return self.error(path, f"{_dotted(path)}: {text[:1].lower() + text[1:]}")
        close = difflib.get_close_matches(unknown[1], [*_known_keys(kind), *also], n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        return self.error((*path, unknown[1]), f"unknown key {unknown[1]!r} in {_dotted(path)}{hint}")

    def _syntax(self, error: tomllib.TOMLDecodeError) -> ConfigError:
        found = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", str(error))
        if found is None:
            return ConfigError(f"{self._path}: not TOML: {error}")
        return ConfigError(f"{self._path}:{found[2]}: not TOML: {found[1]} (column {found[3]})")

    def error(self, path: KeyPath, text: str) -> ConfigError:
        line = line_of(self._text, path)
        return ConfigError(f"{self._path}:{line}: {text}" if line else f"{self._path}: {text}")


def _decode(kind: type[object], value: object) -> object:
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise TypeError(f"cannot read {kind.__name__}")


def _dotted(path: KeyPath) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".") or "the file"


def _known_keys(kind: type[object]) -> Iterator[str]:
    """The keys of a settings struct and of those inside it."""
    if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
        return
    for field in msgspec.structs.fields(kind):
        yield field.encode_name
        for inner in getattr(field.type, "__args__", ()):
            yield from _known_keys(inner)
