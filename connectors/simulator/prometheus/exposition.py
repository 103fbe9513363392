"""The latest scrape in Prometheus's text format, so that a real Prometheus can scrape the simulated one.

Format: https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format. A family's series stand
together under its TYPE line, as the format demands.
"""

from __future__ import annotations

from collections.abc import Iterable

from connectors.simulator.prometheus.numbers import shortest
from connectors.simulator.tick import Sample

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


def family(sample: Sample) -> str:
    """The metric that a sample belongs to: a histogram's series share their name without its suffix."""
    if sample.kind != "histogram":
        return sample.name
    return sample.name.removesuffix("_bucket").removesuffix("_sum").removesuffix("_count")


def kinds(samples: Iterable[Sample]) -> dict[str, str]:
    """The type of each family, in the order in which they were scraped."""
    return {family(sample): sample.kind for sample in samples}


def exposition(samples: Iterable[Sample]) -> str:
    families: dict[str, list[str]] = {}
    for sample in samples:
        name = family(sample)
        lines = families.get(name)
        if lines is None:
            lines = families[name] = [f"# TYPE {name} {sample.kind}"]
        lines.append(line(sample))
    return "".join(f"{text}\n" for lines in families.values() for text in lines)


def line(sample: Sample) -> str:
    pairs = ",".join(f'{name}="{value.translate(ESCAPES)}"' for name, value in sample.labels)
    braces = f"{{{pairs}}}" if pairs else ""
    return f"{sample.name}{braces} {shortest(sample.value)}"
