"""The simulated estate: one clock, one traffic model, four wires, in one process and one loop.

Each simulated second: the cluster's controllers move, levers are read off the wires, the model takes its step, and
the wires show the result. Ten minutes of calm history are filled in at once when it is opened.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import floor
from urllib.parse import urlsplit

from connectors.simulator.architecture import DEFAULT, architecture_named
from connectors.simulator.clock import SimClock
from connectors.simulator.exporters import Scraper
from connectors.simulator.kafka import KafkaWire
from connectors.simulator.kubernetes import KubernetesWire
from connectors.simulator.levers import levers_of
from connectors.simulator.model import Model
from connectors.simulator.options import PLAIN, Options
from connectors.simulator.prometheus import PrometheusWire
from connectors.simulator.redis import RedisWire
from connectors.simulator.scenarios import Scenario, scenario_named
from connectors.simulator.surroundings import cluster_of, reported_by
from connectors.simulator.tick import Levers, Tick

HISTORY = 600  # simulated seconds before 0
SCRAPE = 10  # simulated seconds; in the older part of the history, which is filled in at once, more rarely
OLDER, SHOWN_OLDER, SCRAPE_OLDER = -60, 5, 30
AT_ONCE = 20  # steps that are caught up before the loop may look at its sockets
BREATH = 0.05  # wall seconds between two looks at the clock


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the four wires listen."""

    prometheus: str
    kafka: tuple[str, ...]
    redis: str
    kubernetes: str
    kubeconfig: str  # its text
    sentinel: str = ""  # host:port of the one that watches a replicated Redis; "" where there is none
    clustered: bool = False  # ``redis`` is one node of several


class Estate:
    """Opened with a history, stepped by ``advance``, reachable between ``start`` and ``stop``."""

    def __init__(
        self,
        scenario: str,
        seed: int = 0,
        speed: float = 1.0,
        wall: Callable[[], float] = time.time,
        architecture: str = DEFAULT,
        options: Options = PLAIN,
    ) -> None:
        """Raises UnknownScenario and UnknownArchitecture. ``wall`` is the clock of the outside world, epoch seconds."""
        self.scenario = scenario_named(scenario)
        self.architecture = architecture_named(architecture)
        self.clock = SimClock(speed, wall)
        self.kubernetes = KubernetesWire(self.clock, seed, options.kubernetes, self.architecture)
        self.kafka = KafkaWire(self.clock, seed, options.kafka, self.architecture)
        self.redis = RedisWire(self.clock, seed, options.redis, self.architecture)
        self.prometheus = PrometheusWire(self.clock, seed)
        self._scraper = Scraper()
        self._model = Model(self.scenario, seed, architecture=self.architecture)
        self._t = -HISTORY
        self.tick = self._model.step(self._t, self.levers())
        self._fill()

    def begin(self, scenario: Scenario) -> None:
        """This goes wrong from the next second on, in the place of what did."""
        self.scenario = scenario
        self._model.begin(scenario, self._t + 1)

    def reseed(self, seed: int) -> None:
        """Other noise in the traffic from here on; what stands on the wires stays."""
        self._model.reseed(seed)

    def levers(self) -> Levers:
        """What controllers and operators have set on the wires, as it holds at the next second."""
        now = self.clock.wall(self._t + 1)
        reported = reported_by(self.kafka, self.redis)
        return levers_of(self.kubernetes.workloads(), self.redis.flags(), now, self.architecture.features, reported)

    def advance(self) -> int:
        """Catches up with the clock, by ``AT_ONCE`` seconds at most; the number of seconds stepped."""
        behind = min(floor(self.clock.now()) - self._t, AT_ONCE)
        for _ in range(behind):
            self._step()
        return max(behind, 0)

    async def start(self, host: str = "127.0.0.1") -> Addresses:
        """Opens the ports, which the system chooses."""
        for wire in self._wires():
            await wire.start(host)
        server, cache = urlsplit(self.prometheus.url), urlsplit(self.redis.url)
        self.kubernetes.introduce(server.netloc, f"{cache.hostname}:{cache.port}", self.kafka.bootstrap[0])
        return Addresses(
            prometheus=self.prometheus.url,
            kafka=tuple(self.kafka.bootstrap),
            redis=self.redis.url,
            kubernetes=self.kubernetes.url,
            kubeconfig=self.kubernetes.kubeconfig(),
            sentinel="{}:{}".format(*self.redis.sentinel) if self.redis.sentinel else "",
            clustered=len(self.redis.urls) > 1 and not self.redis.sentinel,
        )

    async def stop(self) -> None:
        """Closes every port, also when one of them fails to."""
        await asyncio.gather(*(wire.stop() for wire in self._wires()))

    async def run(self) -> None:
        """Keeps up with the clock until it is cancelled."""
        while True:
            late = self.advance() == AT_ONCE
            await asyncio.sleep(0 if late else BREATH)

    def _wires(self) -> tuple[KubernetesWire, KafkaWire, RedisWire, PrometheusWire]:
        return self.kubernetes, self.kafka, self.redis, self.prometheus

    def _fill(self) -> None:
        """The history. In its older part nothing is done, and it is looked at as seldom as it can be asked about."""
        levers = self.levers()
        while self._t < OLDER:
            if (self._t + 1) % SHOWN_OLDER:
                self._t += 1
                self._model.pass_by(self._t, levers)
            else:
                self._step()
        while self._t < 0:
            self._step()

    def _step(self) -> None:
        t = self._t + 1
        self.kubernetes.step(t, self.tick)
        self.tick = self._model.step(t, self.levers())
        self._t = t
        self._show(self.tick)

    def _show(self, tick: Tick) -> None:
        self.kafka.step(tick.t, tick)
        self.redis.step(tick.t, tick)
        self.prometheus.step(tick.t, tick)
        if tick.t % (SCRAPE if tick.t >= OLDER else SCRAPE_OLDER) == 0:
            around = cluster_of(self.architecture, self.kubernetes, self.kafka, self.redis, self.clock, tick.t)
            self.prometheus.scrape(tick.t, self._scraper.samples(tick, around))
