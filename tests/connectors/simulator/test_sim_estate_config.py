"""The config of every architecture: what playbooks speak of is in it, each line is known, and a fault is seen there."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from connectors.simulator.architecture import ARCHITECTURES, architecture_named
from connectors.simulator.clock import SimClock
from connectors.simulator.estate_config import preview
from connectors.simulator.exporters import Scraper
from connectors.simulator.prometheus.engine import Engine
from connectors.simulator.prometheus.evaluation import Evaluation
from connectors.simulator.prometheus.rules import default_rules
from connectors.simulator.prometheus.store import Store
from console.config import Environment, load
from console.model.component import Health
from tests.connectors.simulator.sim_architectures import lived

SCRAPE = 5  # simulated seconds
LATER = 600  # added to each time: Prometheus knows none before 0


@cache
def config(name: str) -> Environment:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "seawall.toml"
        path.write_text(preview(architecture_named(name), Path(folder), 1.0))
        return load(path)


@dataclass(frozen=True, slots=True)
class Seen:
    """A Prometheus after so many seconds of a crisis, and the config that asks it."""

    environment: Environment
    engine: Engine
    now: int

    def signals(self) -> Mapping[str, float | None]:
        """What each query answers, by alias and signal; the later of two of one name."""
        alias = {id: each.alias for each in self.environment.layout.placements for id in (each.id, *each.also)}
        return {
            f"{alias[query.component]}.{query.signal}": self.asked(query.expr) for query in self.environment.queries
        }

    def asked(self, expr: str) -> float | None:
        result = self.engine.instant(expr, self.now)["result"]
        return float(result[0]["value"][1]) if result else None

    def objections(self) -> set[tuple[str, Health]]:
        """The signals on the wrong side of a rule, and how bad that is."""
        return {
            (name, rule.health)
            for name, value in self.signals().items()
            for rule in self.environment.layout.rules
            if value is not None and fnmatchcase(name, rule.signal) and rule.passed(value, firing=False)
        }

    def firing(self, alert: str) -> Iterator[dict[str, str]]:
        """The labels of the alerts of that name that fire."""
        for row in self.engine.instant(f'ALERTS{{alertname="{alert}",alertstate="firing"}}', self.now)["result"]:
            yield row["metric"]


@cache
def seen(name: str, scenario: str, seconds: int) -> Seen:
    plant, store, scraper = architecture_named(name), Store(), Scraper()
    engine = Engine(store, SimClock(1.0, wall=lambda: 0.0))
    evaluation = Evaluation(engine, default_rules())
    for tick, cluster in lived(plant, scenario, seconds):
        if tick.t % SCRAPE == 0:
            store.scrape((tick.t + LATER) * 1000, scraper.samples(tick, cluster))
            evaluation.step((tick.t + LATER) * 1000)
    return Seen(config(name), engine, tick.t + LATER)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_line_is_known_and_an_ordinary_day_is_healthy(name: str) -> None:
    calm = seen(name, "calm", 61)
    unknown = {signal for signal, value in calm.signals().items() if value is None or not math.isfinite(value)}
    assert unknown == set()
    assert calm.objections() == set()


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_what_is_shown_is_asked_for(name: str) -> None:
    """Of what Prometheus alone is asked about."""
    layout, signals = config(name).layout, seen(name, "calm", 61).signals()
    for each in layout.placements:
        if each.id.startswith("prometheus/"):
            assert {f"{each.alias}.{signal}" for signal in each.show} <= signals.keys()


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_what_playbooks_speak_of_is_there(name: str) -> None:
    layout = config(name).layout
    assert {"api", "queue", "workers", "cache", "gateway", "database"} <= {each.alias for each in layout.placements}
    assert layout.aliases.keys() >= {"features", "edge"}
    assert layout.features.keys() >= {"P0", "P1", "P2"}
    api = next(each for each in layout.placements if each.alias == "api")
    assert any(id.startswith("kubernetes/hpa/") for id in api.also)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_part_has_a_line_of_its_own(name: str) -> None:
    plant = architecture_named(name)
    placements = config(name).layout.placements
    ids = {id for each in placements for id in (each.id, *each.also)}
    pods = [plant.gateway.workload, *(front.workload for front in plant.fronts)]
    pods += [service.workload for service in plant.services] + [topic.workload for topic in plant.consumed]
    assert {f"kubernetes/deployment/{plant.namespace}/{each}" for each in pods} <= ids
    assert {f"kafka/group/{topic.group}" for topic in plant.consumed} <= ids
    assert {f"prometheus/{party.name}" for party in plant.third_parties} <= ids
    layers = [each.layer for each in placements]
    assert layers.count("database") == len(plant.database.shards)
    assert layers == sorted(layers, key=list(dict.fromkeys(layers)).index), "a layer is torn apart"


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_database_that_is_down_is_named_and_its_sisters_are_not(name: str) -> None:
    down = seen(name, "database-down", 46)
    others = [shard.name for shard in architecture_named(name).database.shards[1:]]
    assert {("database.up", Health.CRIT), ("database.connections_ratio", Health.CRIT)} <= down.objections()
    assert down.signals()["database.connections"] is None  # its exporter is not answered either
    assert (down.signals()["database.latency"] or 0) > 0.5
    assert not [signal for signal, _ in down.objections() if signal.partition(".")[0] in others]
    assert len([*down.firing("PostgreSQLDown")]) == 1


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_third_party_that_refuses_is_named_by_its_label(name: str) -> None:
    refused = seen(name, "payment-cascade", 151)
    first, *others = (party.name for party in architecture_named(name).third_parties)
    assert {(f"{first}.errors", Health.CRIT), (f"{first}.latency", Health.CRIT)} <= refused.objections()
    assert [labels["third_party"] for labels in refused.firing("ThirdPartyErrors")] == [first]
    assert not {f"{other}.errors" for other in others} & {signal for signal, _ in refused.objections()}
