"""A target that is scraped, and its samples: each carries the job and the instance that Prometheus adds."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from connectors.simulator.tick import Sample

Labels = tuple[tuple[str, str], ...]


class Target(NamedTuple):
    """One exporter. Labels of a sample's own win over the target's, as with ``honor_labels``."""

    job: str
    instance: str

    def gauge(self, name: str, value: float, /, **labels: str) -> Sample:
        return Sample(name, labelled(self, **labels), float(value))

    def counter(self, name: str, value: float, /, **labels: str) -> Sample:
        return Sample(name, labelled(self, **labels), float(value), "counter")

    def histogram(self, name: str, value: float, /, **labels: str) -> Sample:
        return Sample(name, labelled(self, **labels), float(value), "histogram")


@lru_cache(maxsize=65_536)
def labelled(target: Target, /, **labels: str) -> Labels:
    """The same tuple each time, so that a scrape finds its series by identity."""
    return tuple(sorted({"instance": target.instance, "job": target.job, **labels}.items()))
