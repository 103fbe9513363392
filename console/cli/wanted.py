"""Which signals are meant by ``api.cpu``, ``api`` or ``*.lag``, and what to offer where none is."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from console.config_error import ConfigError
from console.model.component import source_of, system_of

if TYPE_CHECKING:
    from console.config import Environment

OFFERED = 3  # of the names that are close to one that there is not


@dataclass(frozen=True, slots=True)
class Wanted:
    """``patterns`` are globs over ``alias.signal``. ``told``: signals by alias, known before anyone is asked."""

    patterns: tuple[str, ...]
    aliases: tuple[str, ...]
    told: Mapping[str, tuple[str, ...]]
    back: float | None = None  # estate seconds, for a comparison

    def names(self, alias: str, signals: Iterable[str]) -> tuple[str, ...]:
        """The signals of this line that are meant, each once, in the given order."""
        meant = (name for name in signals if any(fnmatchcase(f"{alias}.{name}", each) for each in self.patterns))
        return tuple(dict.fromkeys(meant))


def wanted(environment: Environment, given: tuple[str, ...], back: float | None = None) -> Wanted:
    """ClickException where a pattern names no line of the topology."""
    lines = [each.alias for each in environment.layout.placements]
    patterns = tuple(each if "." in each else f"{each}.*" for each in given)
    found: dict[str, None] = {}
    for written, pattern in zip(given, patterns, strict=True):
        alias = pattern.partition(".")[0]
        meant = [each for each in lines if fnmatchcase(each, alias)]
        if not meant:
            raise click.ClickException(f"no line {alias!r} for {written!r}{_offer(alias, lines, lines)}")
        found.update(dict.fromkeys(meant))
    aliases = tuple(each for each in lines if each in found)
    return Wanted(patterns, aliases, _told(environment), back)


def no_such(pattern: str, known: Iterable[str]) -> click.ClickException:
    """``known`` are the names, ``alias.signal``, of the lines that the pattern names."""
    names = tuple(known)
    signals = [each.partition(".")[2] for each in names]
    return click.ClickException(f"no signal {pattern!r}{_offer(pattern, names, signals)}")


def narrowed(environment: Environment, asked: Wanted) -> Environment:
    """The environment with the lines that are meant, and no source but theirs."""
    placements = tuple(each for each in environment.layout.placements if each.alias in asked.aliases)
    ids = [each for placement in placements for each in placement.ids]
    needed = {source_of(each) for each in ids}
    if any(system_of(each) == "host" for each in ids):
        needed |= set(environment.connectors)  # its skew is against every other clock
    return replace(
        environment,
        layout=replace(environment.layout, placements=placements),
        connectors={name: settings for name, settings in environment.connectors.items() if name in needed},
        queries=tuple(query for query in environment.queries if query.component in ids),
    )


def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Completes from the config alone: lines, and the signals that are told there."""
    root = context.find_root()
    from console.config import load

    try:
        environment = load(root.params.get("config"), root.params.get("environment"))
    except ConfigError:
        return []
    names = [
        name
        for alias, signals in _told(environment).items()
        for name in (alias, *(f"{alias}.{signal}" for signal in signals))
    ]
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def _told(environment: Environment) -> dict[str, tuple[str, ...]]:
    """By alias: what its queries measure, and what its line shows."""
    return {
        each.alias: tuple(
            dict.fromkeys([*(query.signal for query in environment.queries if query.component in each.ids), *each.show])
        )
        for each in environment.layout.placements
    }


def _offer(name: str, known: Iterable[str], others: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=OFFERED)
    if close:
        return f"; did you mean {' or '.join(map(repr, close))}?"
    return f"; there are {', '.join(others)}"
