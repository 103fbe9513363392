"""The simulated Prometheus answers every preset on its recording as the real one does: what the scrapes add up to."""

from __future__ import annotations

import re

import pytest

from connectors.presets import queries_for
from connectors.simulator.clock import SimClock
from connectors.simulator.prometheus.engine import Engine
from connectors.simulator.prometheus.store import Store
from connectors.simulator.tick import Sample
from tests.connectors.preset_expectations import EXPECTED
from tests.connectors.preset_recordings import APART, AT, Series, recorded

LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
CLOSE = 2e-4  # the first scrape is a millisecond inside the minute


def samples(scrape: dict[Series, float], job: str) -> list[Sample]:
    where = (("instance", "a"), ("job", job))
    return [
        Sample(name, tuple(sorted((*LABEL.findall(braces), *where))), value, "gauge")
        for (name, braces), value in scrape.items()
    ]


@pytest.mark.parametrize("name", sorted(EXPECTED))
@pytest.mark.parametrize("matched", [True, False])
def test_every_query_answers_what_the_scrapes_add_up_to(name: str, matched: bool) -> None:
    one, store = recorded(name), Store()
    store.scrape(round((AT - APART) * 1000), samples(one.first, name))
    store.scrape(AT * 1000, samples(one.second, name))
    engine = Engine(store, SimClock(1.0, wall=lambda: 0.0))
    for query in queries_for("prometheus/x", name, f'job="{name}"' if matched else "", "1m"):
        wanted = EXPECTED[name](one)[query.signal]
        found = [float(series["value"][1]) for series in engine.instant(query.expr, AT)["result"]]
        assert found == ([] if wanted is None else [pytest.approx(wanted, rel=CLOSE)]), query.expr
