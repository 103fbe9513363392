"""Rules as data: what is recorded, and when somebody is called.

The file holds the structure of Prometheus's own rule files, key by key, in TOML; ``as_yaml`` writes it out for
promtool and a real Prometheus (https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/).
"""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib.resources import files

import msgspec

from connectors.simulator.prometheus.compile import compiled
from connectors.simulator.prometheus.parameters import duration
from connectors.simulator.prometheus.template import Template, template
from connectors.simulator.prometheus.values import QueryError


class RulesError(Exception):
    """Rules that cannot be used; the message says which and why."""


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One rule; it has either ``alert`` or ``record``."""

    expr: str
    alert: str = ""
    record: str = ""
    wait: str = msgspec.field(default="", name="for")  # how long before it fires
    keep_firing_for: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}

    @property
    def name(self) -> str:
        return self.alert or self.record

    @property
    def waits(self) -> int:
        """Simulated ms from pending to firing."""
        return milliseconds(self.wait)

    @property
    def keeps(self) -> int:
        """Simulated ms for which it goes on firing without cause."""
        return milliseconds(self.keep_firing_for)


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Rules that are evaluated together, in their order."""

    name: str
    rules: tuple[Rule, ...]
    interval: str = "15s"

    @property
    def period(self) -> int:
        """Simulated ms between two evaluations."""
        return milliseconds(self.interval)


class RuleFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All groups."""

    groups: tuple[Group, ...] = ()


def milliseconds(text: str) -> int:
    return round(duration(text) * 1000) if text else 0


@lru_cache(maxsize=256)
def texts(texts: tuple[tuple[str, str], ...]) -> tuple[tuple[str, Template], ...]:
    """Labels or annotations, with their templates read."""
    return tuple((name, template(text)) for name, text in texts)


def rules_of(text: str) -> RuleFile:
    """From TOML. Raises ``RulesError``."""
    try:
        file = msgspec.convert(tomllib.loads(text), RuleFile)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise RulesError(str(error)) from None
    for group in file.groups:
        for rule in group.rules:
            try:
                check(rule)
            except (QueryError, ValueError) as error:
                raise RulesError(f"group {group.name!r}, rule {rule.name!r}: {error}") from error
    return file


def check(rule: Rule) -> None:
    """Raises what parsing its parts raises."""
    if bool(rule.alert) == bool(rule.record):
        raise ValueError("exactly one of alert and record must be set")
    compiled(rule.expr)
    texts(tuple(rule.labels.items()))
    texts(tuple(rule.annotations.items()))
    milliseconds(rule.wait)
    milliseconds(rule.keep_firing_for)


def as_yaml(file: RuleFile) -> str:
    """For Prometheus itself: JSON is YAML too."""
    return msgspec.json.format(msgspec.json.encode(file), indent=2).decode()


def default_rules() -> RuleFile:
    """Those of the file beside the code."""
    return rules_of(files("connectors.simulator").joinpath("rules.toml").read_text(encoding="utf-8"))
