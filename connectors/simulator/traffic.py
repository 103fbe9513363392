"""The traffic model: one simulated second from state and levers to the next state and what it looks like.

Pure and deterministic: ``step(state, now)``. The second flows down the request path once, and what lies further down
is felt through last second's state (its hit share, its backlog), never by iterating.

The constants are plausible, not calibrated on any system: shapes and orders of magnitude are what it is good for.

Success is *answered well / (all - limited)*: a 429 is an answer that was meant, so it is neither a success nor
a failure; it is shown apart. Each attempt counts, a retry too.
"""

from __future__ import annotations

from math import exp, prod

from connectors.simulator import api, behind, breaker, gateway, later, third_parties, topics, users_cdn
from connectors.simulator.behind import Behind, Demand
from connectors.simulator.flows import Outcome, Passage, Second
from connectors.simulator.gateway import Admission
from connectors.simulator.now import Now
from connectors.simulator.state import State
from connectors.simulator.third_parties import Calls, Party
from connectors.simulator.tick import Mode
from connectors.simulator.topics import Consumers, Flow


def step(state: State, now: Now) -> tuple[State, Second]:
    """The next state, and the flows of the second that led to it."""
    plant = now.plant
    arrivals = users_cdn.arrive(state.edge, users_cdn.users_at(now), now)
    offered = tuple(
        arrivals.origin * front.share + was.waiting.due for front, was in zip(plant.fronts, state.fronts, strict=True)
    )
    admissions = gateway.admit(now, offered)
    below = behind.look(state, now, tuple(admission.admitted for admission in admissions))
    served = tuple(_served(state, now, below, index, admission) for index, admission in enumerate(admissions))
    shares = tuple(_shares(state, now, below, demand) for demand in below.demands)
    calling = sum(work.served * good for (_, work), (_, good) in zip(served, shares, strict=True))
    parties, calls, unpaid = _called(state, now, below, calling)
    passages = tuple(
        _passage(now, below, index, admissions[index], served[index], _outcome(served[index][1], shares[index], unpaid))
        for index in range(len(plant.fronts))
    )
    ordered = sum(passage.outcome.answered for passage in passages) * now.ordering
    groups, flows = _topics(state, now, ordered, sum(each[1].served for each in served))
    second = Second(arrivals, passages, below, calls, flows, ordered)
    return later.after(state, now, second, parties, groups), second


def _served(state: State, now: Now, below: Behind, index: int, admission: Admission) -> tuple[float, api.Served]:
    """A front's capacity and what it serves."""
    front, work = now.plant.fronts[index], below.demands[index].work
    pods, cores = now.strength(front.workload), now.plant.workload(front.workload).cpu_limit
    able = api.capacity(front, cores, pods, work)
    timeout = now.plant.gateway.timeout
    return able, api.serve(front, state.fronts[index].queue, admission.admitted, pods, able, work, timeout)


def _shares(state: State, now: Now, below: Behind, demand: Demand) -> tuple[float, float]:
    """Of a front's requests: the share that the database answered, and of all the share that the services did then.
    One read that gives up is enough."""
    written = 1 - now.ordering * (1 - exp(-demand.write_lost * now.plant.database.writes))
    kept = exp(-demand.read_lost) * written
    return kept, kept * prod(
        1 - service.share * (1 - _passed(now, circuit, service.workload) * (1 - answer.failed))
        for service, circuit, answer in zip(now.plant.services, state.services, below.answers, strict=True)
        if service.needed
    )


def _outcome(served: api.Served, shares: tuple[float, float], unpaid: float) -> Outcome:
    """What became of what a front served, when so large a share failed for third parties in the end."""
    in_time, (kept, reached) = served.served - served.late, shares
    good = in_time * reached
    return Outcome(good * (1 - unpaid), served.late, in_time * (1 - kept), in_time * (kept - reached), good * unpaid)


def _passed(now: Now, circuit: breaker.Circuit, name: str) -> float:
    return breaker.passed(circuit, now.levers.breakers.get(name), now.t)


def _called(
    state: State, now: Now, below: Behind, requests: float
) -> tuple[tuple[Party, ...], tuple[Calls, ...], float]:
    """The third parties a second later, their calls, and the share of the requests that failed for them.

    Who is late calls them too: nobody has told it that its answer is not awaited any more.
    """
    after, calls, good = [], [], 1.0
    for party, was, terms in zip(now.plant.third_parties, state.parties, below.terms, strict=True):
        each = party.share * (now.ordering if party.per == "order" else 1.0)
        wanted = requests * each
        became, made = third_parties.step(party, was, wanted, terms, now)
        after.append(became)
        calls.append(made)
        through = wanted - made.put_off
        if party.needed and through > 0:
            good *= 1 - each * through / wanted * made.wrong / (through + made.late)
    return tuple(after), tuple(calls), 1 - good


def _passage(
    now: Now, below: Behind, index: int, admission: Admission, served: tuple[float, api.Served], outcome: Outcome
) -> Passage:
    able, work = served
    growth = api.growth_of(now.crisis.leak, work.served, now.levers.pods_of(now.plant.fronts[index].workload))
    return Passage(admission, below.demands[index], able, work, outcome, growth)


def _topics(state: State, now: Now, ordered: float, served: float) -> tuple[tuple[Consumers, ...], tuple[Flow, ...]]:
    """The topics a second later. Who writes to one topic while consuming another does so at once."""
    plant, parked = now.plant, now.plant.parked
    consumed = {topic.name: before for topic, before in zip(plant.consumed, state.consumed, strict=True)}
    groups, flows = [], []
    for index, (topic, was) in enumerate(zip(plant.consumed, state.topics, strict=True)):
        source = {"orders": ordered, "requests": served, "topic": consumed.get(topic.after, 0.0)}.get(topic.source, 0.0)
        wanted = source * topic.share
        if parked and parked.topic == topic.name and now.on(Mode.PARK):
            wanted += served * parked.share
        group, flow = topics.step(topic, was, wanted, index == 0 and now.crisis.poisoned > 0.5, now)
        consumed[topic.name] = flow.consumed
        groups.append(group)
        flows.append(flow)
    return tuple(groups), tuple(flows)
