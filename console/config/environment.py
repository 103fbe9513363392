"""One environment of the config: how it is read, and the settings of each system in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import msgspec
import platformdirs

from connectors import CONNECTORS, is_source
from connectors.presets import Query
from connectors.secret import MissingSecret, Secret
from console.config import tables
from console.config.document import Document
from console.config.shared import Shared
from console.model.component import system_of
from console.model.layout import Layout
from console.toml_lines import Path as KeyPath

LONGEST = 10.0  # wall seconds that a connector may be given for an answer
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


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


def choose(document: Document, file: tables.File, wanted: str | None) -> str:
    """The name of the environment that is meant; ConfigError where that is none, or not said."""
    names = tuple(file.environments)
    name = wanted or file.environment or (names[0] if len(names) == 1 else "")
    if name in names:
        return name
    known = f"the environments are {', '.join(names)}" if names else "there are no environments"
    if not name:
        raise document.error(("environment",), f"name one with `environment = …` or --environment: {known}")
    raise document.error(("environment",), f"no environment {name!r}: {known}")


def environment_of(document: Document, file: tables.File, shared: Shared, name: str) -> Environment | None:
    """The environment, whole; None where the document has a fault in its tables."""
    raw, base = file.environments[name], ("environments", name)
    own = {key: value for key, value in raw.items() if not is_source(key)}
    entry = document.convert(own, tables.EnvironmentTable, base, CONNECTORS)
    sources = sorted(filter(is_source, raw), key=lambda key: (CONNECTORS.index(system_of(key)), key))
    read = {key: _settings(document, key, raw[key], (*base, key)) for key in sources}
    connectors = {key: settings for key, settings in read.items() if settings is not None}
    if entry is not None:
        _check(document, entry, base)
    if entry is None or len(connectors) < len(read):
        return None
    return Environment(
        name=name,
        production=entry.production,
        armed=entry.armed,
        speed=entry.speed,
        pace=Path(entry.pace) if entry.pace else None,
        interval=entry.interval,
        layout=_layout(file, shared, entry, connectors),
        connectors=connectors,
        queries=shared.queries,
        path=document.path,
        state=_state(document, entry, base),
    )


def _check(document: Document, entry: tables.EnvironmentTable, base: KeyPath) -> None:
    if entry.production and entry.armed:
        document.fault((*base, "armed"), "a production environment does not start armed")
    _check_interval(document, entry.interval, base)
    if not 0 < entry.speed <= 1000:
        document.fault((*base, "speed"), "expected more than 0 and at most 1000")
    if not _NAME.fullmatch(str(base[-1])):
        document.fault(base, "an environment's name is letters, digits, '-', '_' and '.', at most 64")


def _state(document: Document, entry: tables.EnvironmentTable, base: KeyPath) -> Path:
    default = Path(platformdirs.user_state_dir("seawall")) / str(base[-1])
    try:
        return Path(entry.state).expanduser() if entry.state else default
    except RuntimeError:
        document.fault((*base, "state"), f"{entry.state}: there is no such home")
        return default


def _check_interval(document: Document, interval: float, base: KeyPath) -> None:
    if not 0.2 <= interval <= 3600:
        document.fault((*base, "interval"), "expected 0.2 to 3600 seconds")


def _settings(document: Document, name: str, raw: object, base: KeyPath) -> msgspec.Struct | None:
    kind: type[msgspec.Struct] = import_module(f"connectors.settings.{system_of(name)}").Settings
    settings = document.convert(raw, kind, base)
    if settings is None:
        return None
    for place, secret in secrets_in(settings) if document.secrets else ():
        _check_secret(document, secret, base + place)
    interval: float | None = getattr(settings, "interval", None)
    if interval is not None:
        _check_interval(document, interval, base)
    if not 0 < getattr(settings, "timeout", LONGEST) <= LONGEST:
        document.fault((*base, "timeout"), f"expected more than 0 and at most {LONGEST:g} seconds")
    return settings


def secrets_in(value: object, place: KeyPath = ()) -> Iterator[tuple[KeyPath, Secret]]:
    """Every secret in settings, however deep, with its place."""
    if isinstance(value, Secret):
        yield place, value
    elif isinstance(value, msgspec.Struct):
        for field in msgspec.structs.fields(value):
            yield from secrets_in(getattr(value, field.name), (*place, field.encode_name))
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from secrets_in(inner, (*place, str(key)))
    elif isinstance(value, tuple | list):
        for index, inner in enumerate(value):
            yield from secrets_in(inner, (*place, index))


def _check_secret(document: Document, secret: Secret, path: KeyPath) -> None:
    try:
        secret.reveal()
    except MissingSecret as error:
        document.fault(path, str(error))


def _layout(
    file: tables.File, shared: Shared, entry: tables.EnvironmentTable, connectors: Mapping[str, msgspec.Struct]
) -> Layout:
    own = {name: getattr(settings, "interval", None) for name, settings in connectors.items()}
    return Layout(
        placements=shared.placements,
        aliases=file.aliases,
        features=file.features,
        rules=shared.rules,
        interval=entry.interval * entry.speed,
        intervals={name: interval * entry.speed for name, interval in own.items() if interval is not None},
    )
