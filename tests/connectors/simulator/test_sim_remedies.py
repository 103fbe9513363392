"""Each lever by itself: what it changes in the model, second by second."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from connectors.simulator import cache, traffic
from connectors.simulator.architecture import architecture_named
from connectors.simulator.crisis import CALM, Crisis
from connectors.simulator.observed import tick_of
from connectors.simulator.primary import FAILOVER_SECONDS
from connectors.simulator.state import CATCH_UP, Replicas, State, opened
from connectors.simulator.tick import Breaker, Levers, Mode, Pods, Reported, Tick
from tests.connectors.simulator.sim_levers import shop_levers, shop_now

SHOP = architecture_named("shop")
MIB = 2**20


class Shop:
    """The shop's model with levers that a test sets as it goes."""

    def __init__(self, api: int = 5) -> None:
        self.levers = shop_levers(Pods(api, desired=api), Pods(4, desired=4))
        self.crisis: Crisis = CALM
        self.state: State = opened(SHOP)
        self.t = 1  # no multiple of a TTL

    def set(self, **fields: Any) -> None:
        self.levers = replace(self.levers, **fields)

    def pods(self, **workloads: int) -> None:
        self.levers = replace(
            self.levers, pods={**self.levers.pods, **{name.replace("_", "-"): Pods(n) for name, n in workloads.items()}}
        )

    def run(self, seconds: int) -> list[Tick]:
        return [self._second() for _ in range(seconds)]

    def _second(self) -> Tick:
        now = shop_now(self.levers, self.crisis, self.t)
        before = self.state
        self.state, second = traffic.step(before, now)
        self.t += 1
        return tick_of(before, self.state, second, now, {})


def mean(ticks: list[Tick], of: Callable[[Tick], float]) -> float:
    return sum(map(of, ticks)) / len(ticks)


def origin(ticks: list[Tick]) -> float:
    return mean(ticks, lambda tick: tick.success_origin)


def test_a_replica_takes_reads_when_it_has_caught_up() -> None:
    shop = Shop()
    shop.run(30)
    shop.pods(database_replica=2)
    alone = shop.run(CATCH_UP)[-1]
    assert alone.gauges["database.replicas"] == 0
    spread = shop.run(5)[-1]
    assert spread.gauges["database.replicas"] == 2
    assert spread.gauges["database.busy"] < 0.6 * alone.gauges["database.busy"]
    assert spread.usage["database-replica"].cpu > SHOP.workload("database-replica").idle


def test_the_youngest_replica_goes_first() -> None:
    assert Replicas((60, 60, 5)).later(2) == Replicas((60, 60))
    assert Replicas((60,)).later(3).ages == (60, 0, 0)
    assert Replicas((60,)).later(3).useful == 1


def test_reads_go_on_from_a_replica_when_the_primary_is_dead() -> None:
    shop = Shop()
    shop.pods(database_replica=1)
    shop.run(CATCH_UP + 10)
    shop.crisis = replace(CALM, database_ok=0.0)
    shop.set(read_only=True)
    assert origin(shop.run(60)) > 0.99


def test_a_fail_over_takes_twenty_seconds_and_ends_a_dead_primary() -> None:
    shop = Shop()
    shop.run(10)
    shop.crisis = replace(CALM, database_ok=0.0)
    shop.run(20)
    shop.set(failovers=1.0)
    dead = shop.run(FAILOVER_SECONDS + 1)
    assert {tick.gauges["database.standby"] for tick in dead} == {1.0}
    assert origin(dead) < 0.5
    assert origin(shop.run(60)[20:]) > 0.99
    shop.set(failovers=2.0)  # back to the one that is dead
    assert origin(shop.run(120)[60:]) < 0.5


def test_a_fail_over_that_has_ended_is_no_new_one() -> None:
    shop = Shop()
    shop.set(failovers=1.0)
    shop.run(60)
    shop.set(failovers=0.0)
    assert {tick.gauges["database.standby"] for tick in shop.run(30)} == {1.0}
    assert shop.run(1)[-1].success_origin == 1.0


def test_long_queries_pile_up_are_killed_once_and_ended_by_a_timeout() -> None:
    shop = Shop()
    shop.crisis = replace(CALM, long_queries=1.0)
    piled = shop.run(120)[-1]
    assert piled.gauges["database.long"] > 90
    assert piled.gauges["database.connections"] > piled.gauges["database.long"]
    assert piled.gauges["database.latency"] > 2 * SHOP.database.query
    shop.set(kill_queries=1.0)
    assert shop.run(1)[-1].gauges["database.long"] == pytest.approx(1, rel=0.01)
    assert shop.run(60)[-1].gauges["database.long"] > 50
    shop.set(statement_timeout=5.0)
    assert shop.run(60)[-1].gauges["database.long"] == pytest.approx(5, rel=0.1)


def test_long_queries_burden_the_replicas_too() -> None:
    shop = Shop()
    shop.pods(database_replica=2)
    idle = architecture_named("shop").workload("database-replica").idle
    sound = shop.run(CATCH_UP + 10)[-1].usage["database-replica"].cpu - idle
    shop.crisis = replace(CALM, long_queries=1.0)
    assert shop.run(120)[-1].usage["database-replica"].cpu - idle > 2 * sound > 0


def test_a_statement_timeout_that_is_too_short_ends_ordinary_queries() -> None:
    shop = Shop()
    shop.set(statement_timeout=0.01)
    assert origin(shop.run(30)) < 0.9


def test_old_copies_are_answers_when_the_database_is_dead() -> None:
    success = []
    for modes in (frozenset[Mode](), frozenset({Mode.STALE_ON_ERROR})):
        shop = Shop()
        shop.run(60)
        shop.crisis = replace(CALM, database_ok=0.0)
        shop.set(modes=modes, breakers={"database": Breaker()}, read_only=True)
        success.append(mean(shop.run(90), lambda tick: tick.success))
    assert success[1] > success[0] + 0.02
    assert success[1] > 0.95


def test_a_breaker_in_front_of_the_reads_frees_the_threads() -> None:
    shop = Shop()
    shop.run(60)
    shop.crisis = replace(CALM, database_ok=0.0)
    shop.set(breakers={"database": Breaker()}, read_only=True)
    shop.run(15)
    opened_ticks = shop.run(10)
    assert any(tick.gauges["database.open"] for tick in opened_ticks)
    assert min(tick.gauges["api.latency"] for tick in opened_ticks) < 0.1


def test_single_flight_reads_an_absent_key_once() -> None:
    stores = cache.step(cache.opened(SHOP.cache), 0.0, cache.Fill(1.0, 0.0), shop_now(Levers({})), flushed=True)
    one = shop_now(Levers({}, modes=frozenset({Mode.SINGLE_FLIGHT})))
    assert cache.reads(stores, 5000.0, 0.5, shop_now(Levers({}))) == 1.0
    assert cache.reads(stores, 5000.0, 0.5, one) < 0.5
    assert cache.reads(stores, 5000.0, 0.0, one) == pytest.approx(1.0)


def test_keys_that_were_written_together_expire_together_unless_there_is_jitter() -> None:
    rates = []
    for modes in (frozenset[Mode](), frozenset({Mode.JITTER})):
        shop = Shop()
        shop.run(100)
        shop.crisis = replace(CALM, together=1.0)
        shop.set(modes=modes)
        rates.append(min(tick.cache.hit_rate for tick in shop.run(120)[5:]))
    assert rates[0] < 0.2
    assert rates[1] > 0.7


def test_a_flush_empties_the_cache_once() -> None:
    shop = Shop()
    shop.run(60)
    shop.set(reported=Reported(cache_flushes=1))
    assert shop.run(1)[-1].cache.keys == 0
    assert shop.run(60)[-1].cache.hit_rate > 0.8


def test_less_memory_evicts() -> None:
    shop = Shop()
    before = shop.run(60)[-1]
    shop.set(reported=Reported(cache_memory_max=151.0 * MIB))
    after = shop.run(10)[-1]
    assert before.cache.evicted == 0 < after.cache.evicted
    assert after.cache.memory <= after.cache.memory_max == 151 * MIB


def test_a_full_cache_that_may_not_evict_takes_nothing_more() -> None:
    """Its keys leave by their TTL alone, and there is room for others only then."""
    shop = Shop()
    shop.run(60)
    shop.set(reported=Reported(cache_memory_max=151.0 * MIB, cache_evicts=False))
    after = [tick.cache for tick in shop.run(300)]
    assert {cache.evicted for cache in after} == {0}
    assert after[0].memory > after[-1].memory  # what was there stays until it expires
    full = [cache.memory for cache in after if cache.memory > 151 * MIB]
    assert len(full) > 100
    shop.set(reported=Reported(cache_memory_max=151.0 * MIB))
    assert shop.run(1)[-1].cache.evicted > 0


@pytest.mark.parametrize("reported", [True, False])
def test_a_cache_that_is_down_says_so_and_comes_back_empty(reported: bool) -> None:
    shop = Shop()
    busy = shop.run(60)[-1].gauges["database.busy"]
    if reported:
        shop.set(reported=Reported(cache_up=False))
    else:
        shop.crisis = replace(CALM, cache_ok=0.0)
    down = shop.run(10)[-1]
    assert not down.cache.up
    assert (down.cache.hits, down.cache.keys) == (0, 0)
    assert down.gauges["database.busy"] > 4 * busy
    assert down.gauges["saturation.cache"] == 1.0
    shop.crisis = CALM
    shop.set(reported=Reported())
    assert shop.run(1)[-1].cache.up


def test_paying_users_are_served_first_when_there_is_not_enough_for_all() -> None:
    shop = Shop()
    shop.crisis = replace(CALM, spike=20.0)
    drowning = shop.run(60)[-1]
    assert drowning.gauges["success.paying"] == drowning.success_origin < 0.8
    shop.set(modes=frozenset({Mode.PAYING_FIRST}))
    assert shop.run(1)[-1].gauges["success.paying"] > 0.99


def test_a_smaller_pool_relieves_a_full_database() -> None:
    latencies = []
    for pools in ({}, {"api": 3.0, "workers": 2.0}):
        shop = Shop(api=30)
        shop.crisis = replace(CALM, spike=15.0, cache_ok=0.0)
        shop.set(pools=pools)
        latencies.append(shop.run(60)[-1].counters["database.queries"])
    assert latencies[1] > 1.3 * latencies[0]


def test_a_longer_ttl_at_the_cdn_lets_fewer_wait() -> None:
    shop = Shop()
    short = mean(shop.run(60), lambda tick: tick.gauges["users.waiting"])
    shop.set(ttl={"cdn": 600.0})
    assert mean(shop.run(120)[60:], lambda tick: tick.gauges["users.waiting"]) < short / 4


def test_parked_work_costs_the_api_less_and_the_workers_more() -> None:
    shop = Shop()
    inline = shop.run(20)[-1]
    shop.set(modes=frozenset({Mode.PARK}))
    parked = shop.run(20)[-1]
    assert parked.usage["api"].cpu < 0.95 * inline.usage["api"].cpu
    assert parked.counters["notifications.produced"] > 1.5 * inline.counters["notifications.produced"]


def test_features_by_tier_cost_less_when_they_are_off() -> None:
    used = []
    for tier in ((), ("P2",), ("P2", "P1")):
        shop = Shop()
        shop.set(features_off=frozenset(name for name, item in SHOP.features.items() if item.tier in tier))
        used.append(shop.run(20)[-1].usage["api"].cpu)
    assert used == sorted(used, reverse=True)
    assert used[1] < 0.75 * used[0]


@pytest.mark.parametrize("how", [{"read_only": True}, {"features_off": frozenset({"checkout"})}])
def test_nobody_orders_in_read_only_mode_or_without_the_checkout(how: dict[str, Any]) -> None:
    shop = Shop()
    shop.set(**how)
    assert shop.run(5)[-1].counters["orders.produced"] == 0


def test_saturation_points_at_the_layer() -> None:
    shop = Shop()
    calm = shop.run(30)[-1].gauges
    layers = [name for name in calm if name.startswith("saturation.")]
    assert len(layers) == 9
    assert max(calm[name] for name in layers) < 0.5
    shop.crisis = replace(CALM, third_party_limit=0.02)
    assert shop.run(5)[-1].gauges["saturation.third_parties"] > 0.9
    shop.crisis = replace(CALM, database_slow=50.0)
    assert shop.run(30)[-1].gauges["saturation.database"] == 1.0
