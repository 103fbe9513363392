"""What hypothesis draws for the traffic model: any levers and any crisis, on any architecture."""

from __future__ import annotations

from hypothesis import strategies as st

from connectors.simulator.architecture import ARCHITECTURES, Architecture, architecture_named
from connectors.simulator.crisis import Crisis
from connectors.simulator.tick import Breaker, Levers, Mode, Pods, Reported

architectures = st.sampled_from(ARCHITECTURES).map(architecture_named)
shares = st.floats(0.0, 1.0)
_pods = st.builds(
    lambda ready, cold, leaked: Pods(ready, min(cold, ready), ready, leaked),
    st.integers(0, 200),
    st.integers(0, 200),
    st.sampled_from([0.0, 1e7, 1e12]),
)
_breakers = st.builds(Breaker, failures=st.floats(0.1, 100), seconds=st.floats(0.1, 100))

crises = st.builds(
    Crisis,
    spike=st.floats(0.0, 1000.0),
    conversion=st.floats(0.0, 4.0),
    personal=st.floats(0.0, 50.0),
    dns_ok=shares,
    cache_ok=shares,
    together=st.sampled_from([0.0, 1.0]),
    database_ok=shares,
    database_slow=st.floats(0.1, 100.0),
    long_queries=st.floats(0.0, 10.0),
    service_slow=st.floats(0.1, 100.0),
    third_party_ok=shares,
    third_party_slow=st.floats(0.1, 1000.0),
    third_party_limit=shares,
    leak=st.floats(0.0, 1e6),
    poisoned=st.sampled_from([0.0, 1.0]),
)


def levers(plant: Architecture) -> st.SearchStrategy[Levers]:
    """Levers of an architecture, and some of things that it does not have."""
    workloads = [workload.name for workload in plant.workloads]
    groups = [*(group.name for group in plant.cache.groups), "cdn", "nonsense"]
    named = [*(party.name for party in plant.third_parties), *(each.workload for each in plant.services), "database"]
    topics = [topic.name for topic in plant.topics]
    at = st.tuples(
        st.sampled_from([topic.group for topic in plant.consumed]), st.sampled_from(topics), st.integers(0, 9)
    )
    reported = st.builds(
        Reported,
        quotas=st.dictionaries(st.sampled_from([topic.client for topic in plant.topics]), st.floats(0.0, 1e6)),
        retention=st.dictionaries(st.sampled_from(topics), st.floats(0.001, 100)),
        seeks=st.dictionaries(at, st.integers(0, 10**8), max_size=2),
        brokers_lost=st.integers(0, 3),
        cache_up=st.booleans(),
        cache_evicts=st.booleans(),
        cache_memory_max=st.none() | st.floats(0.0, 1e10),
        cache_flushes=st.integers(0, 3),
    )
    return st.builds(
        Levers,
        pods=st.fixed_dictionaries({}, optional=dict.fromkeys(workloads, _pods)),
        ttl=st.dictionaries(st.sampled_from(groups), st.floats(1e-9, 1e11)),
        read_only=st.booleans(),
        features_off=st.frozensets(st.sampled_from([*plant.features, "nonsense"])),
        user_rate=st.none() | st.floats(0.01, 1e6),
        modes=st.frozensets(st.sampled_from(Mode)),
        breakers=st.dictionaries(st.sampled_from(named), _breakers),
        pools=st.dictionaries(st.sampled_from(workloads), st.floats(1e-9, 1e11)),
        kill_queries=st.sampled_from([0.0, 1.0, 2.0]),
        failovers=st.sampled_from([0.0, 1.0, 2.0]),
        statement_timeout=st.none() | st.floats(1e-9, 1e11),
        reported=reported,
    )


@st.composite
def plans(draw: st.DrawFn) -> tuple[Architecture, list[tuple[Levers, Crisis, int]]]:
    """An architecture and what is set and wrong in it, each for some seconds."""
    plant = draw(architectures)
    parts = st.tuples(levers(plant), crises, st.integers(1, 12))
    return plant, draw(st.lists(parts, min_size=1, max_size=6))
