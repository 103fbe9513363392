"""Samples in Prometheus's text formats, so that a real Prometheus can scrape or federate the simulated one.

Formats: https://prometheus.io/docs/instrumenting/exposition_formats/ and https://openmetrics.io. A family's series
stand together under its HELP and TYPE lines, as the formats demand.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from connectors.simulator.prometheus.labels import NAME, Labels, label
from connectors.simulator.prometheus.numbers import shortest
from connectors.simulator.tick import Sample

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


@dataclass(frozen=True, slots=True)
class Family:
    """A metric with all its series."""

    name: str
    kind: str
    help: str


@cache
def helps() -> dict[str, str]:
    """What each metric means, in its exporter's words or nearly so; read when it is first asked for."""
    text = files("connectors.simulator").joinpath("metrics.toml").read_text(encoding="utf-8")
    return {name: told for section in tomllib.loads(text).values() for name, told in section.items()}


def family(sample: Sample) -> str:
    """The metric that a sample belongs to: a histogram's series share their name without its suffix."""
    if sample.kind != "histogram":
        return sample.name
    return sample.name.removesuffix("_bucket").removesuffix("_sum").removesuffix("_count")


def families(samples: Iterable[Sample]) -> list[Family]:
    """Each once, in the order in which they were scraped."""
    kinds = {family(sample): sample.kind for sample in samples}
    return [Family(name, kind, helps().get(name, "")) for name, kind in kinds.items()]


def exposition(samples: Iterable[Sample], openly: bool = False) -> str:
    """``openly``: in the OpenMetrics format, where a counter's family has no ``_total`` and a text has an end."""
    found: dict[str, list[str]] = {}
    for sample in samples:
        name = family(sample)
        lines = found.get(name)
        if lines is None:
            lines = found[name] = head(name, sample.kind, openly)
        lines.append(line(sample))
    text = "".join(f"{text}\n" for lines in found.values() for text in lines)
    return f"{text}# EOF\n" if openly else text


def head(name: str, kind: str, openly: bool) -> list[str]:
    """The HELP (where there is one) and TYPE lines."""
    told = helps().get(name, "")
    if openly and kind == "counter":
        kind = "counter" if name.endswith("_total") else "unknown"
        name = name.removesuffix("_total")
    return [*([f"# HELP {name} {told}"] if told else []), f"# TYPE {name} {kind}"]


def line(sample: Sample) -> str:
    return f"{sample.name}{braces(sample.labels)} {shortest(sample.value)}"


def braces(labels: Labels) -> str:
    pairs = ",".join(f'{name}="{value.translate(ESCAPES)}"' for name, value in labels if name != NAME)
    return f"{{{pairs}}}" if pairs else ""


def federated(rows: Iterable[tuple[Labels, int, float]]) -> str:
    """Series with the wall time (ms) of their newest sample, as ``/federate`` tells them."""
    lines: list[str] = []
    last = ""
    for labels, t, value in rows:
        name = label(labels, NAME)
        if name != last:
            lines.append(f"# TYPE {name} untyped")
            last = name
        lines.append(f"{name}{braces(labels)} {shortest(value)} {t}")
    return "".join(f"{text}\n" for text in lines)
