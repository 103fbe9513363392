"""Every crisis in every architecture: the layer that it strikes is in trouble, and all of it can be exported."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import pytest

from connectors.simulator.architecture import ARCHITECTURES, Architecture, architecture_named
from connectors.simulator.exporters import Scraper
from connectors.simulator.scenarios import SCENARIOS
from connectors.simulator.tick import Tick
from tests.connectors.simulator.sim_architectures import lived

Trouble = Callable[[Tick, Architecture], bool]
PATIENCE = 420  # seconds until the slowest of them is there


def full(layer: str) -> Trouble:
    """The layer has nothing left."""
    return lambda tick, plant: tick.gauges[f"saturation.{layer}"] >= 0.99


def slow_database(tick: Tick, plant: Architecture) -> bool:
    """Slower than the console's bound for it, by queries that stay."""
    return tick.gauges["database.latency"] > 0.1 and tick.gauges["database.long"] > 10


def down_database(tick: Tick, plant: Architecture) -> bool:
    return bool(tick.gauges["database.down"]) and tick.gauges["database.latency"] > 1


def hanging_third_party(tick: Tick, plant: Architecture) -> bool:
    return tick.gauges[f"{plant.third_parties[0].name}.latency"] > 10 and full("api")(tick, plant)


def leaking_front(tick: Tick, plant: Architecture) -> bool:
    front = plant.workload(plant.fronts[0].workload)
    return tick.usage_of(front.name).memory > 0.75 * front.memory_limit * 2**20  # the pods are of different ages


def missing_cache(tick: Tick, plant: Architecture) -> bool:
    return tick.cache.hit_rate < 0.5


def stuck_partition(tick: Tick, plant: Architecture) -> bool:
    """One of them lags, the others do not."""
    lags = [each.end - (each.committed or 0) for each in tick.groups[0].partitions]
    return lags[0] > 100 and max(lags[1:]) < 50


TROUBLES: Mapping[str, Trouble] = {
    "cache-stampede": missing_cache,
    "calm": lambda tick, plant: tick.t > 30 and tick.success_origin > 0.999,
    "database-blip": down_database,
    "database-down": down_database,
    "memory-leak": leaking_front,
    "payment-cascade": hanging_third_party,
    "poison-message": stuck_partition,
    "redis-down": full("cache"),
    "slow-database": slow_database,
    "third-party-limit": full("third_parties"),
    "viral-spike": full("api"),
    "viral-spike-10": full("api"),
}


def test_each_crisis_has_its_trouble() -> None:
    assert TROUBLES.keys() == SCENARIOS.keys()


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_layer_that_is_struck_is_in_trouble_and_can_be_exported(architecture: str, name: str) -> None:
    plant, scraper = architecture_named(architecture), Scraper()
    for tick, cluster in lived(plant, name, PATIENCE):
        struck = tick.t >= 0 and TROUBLES[name](tick, plant)
        if struck or tick.t % 60 == 0:
            found = list(scraper.samples(tick, cluster))
            assert all(math.isfinite(sample.value) for sample in found)
            assert len({(sample.name, sample.labels) for sample in found}) == len(found), "a series is exported twice"
        if struck:
            return
    pytest.fail(f"no trouble in {PATIENCE} s")
