"""The Kubernetes wire: one API server with its controllers, furnished as an architecture says."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.simulator.architecture import DEFAULT, Architecture, architecture_named
from connectors.simulator.clock import SimClock
from connectors.simulator.kubernetes.access import Access
from connectors.simulator.kubernetes.api import Api
from connectors.simulator.kubernetes.bulk import furnish_bulk
from connectors.simulator.kubernetes.census import Census
from connectors.simulator.kubernetes.controllers import Controllers
from connectors.simulator.kubernetes.departures import Departures
from connectors.simulator.kubernetes.family import Family
from connectors.simulator.kubernetes.identity import Identity, Times
from connectors.simulator.kubernetes.inventory import Inventory, Shown
from connectors.simulator.kubernetes.keda import scaled_object
from connectors.simulator.kubernetes.kinds import (
    BUDGET,
    CONFIGMAP,
    DEPLOYMENT,
    HPA,
    SCALED_OBJECT,
    SERVICE,
    STATEFULSET,
)
from connectors.simulator.kubernetes.kubeconfig import kubeconfig
from connectors.simulator.kubernetes.kubelet import START_SECONDS
from connectors.simulator.kubernetes.logs import Logs
from connectors.simulator.kubernetes.managed_fields import UPDATE, Manager
from connectors.simulator.kubernetes.metrics import Metrics
from connectors.simulator.kubernetes.neighbours import introduce
from connectors.simulator.kubernetes.options import Denial, KubernetesOptions
from connectors.simulator.kubernetes.podstreams import PodStreams
from connectors.simulator.kubernetes.registry import Registry
from connectors.simulator.kubernetes.representation import Representation
from connectors.simulator.kubernetes.server import Server
from connectors.simulator.kubernetes.shop import furnish
from connectors.simulator.kubernetes.store import Store
from connectors.simulator.kubernetes.tokens import Tokens
from connectors.simulator.kubernetes.watching import Watches
from connectors.simulator.tick import Pods, Tick

AGE_SECONDS = 3 * 86_400  # how long the shop has been standing when the estate is opened

# What stands in the cluster from the first was created by its operators; what controllers make is not tracked.
_CREATED = (DEPLOYMENT, STATEFULSET, SERVICE, CONFIGMAP, HPA, BUDGET)
_CREATOR = "kubectl-create"


class KubernetesWire:
    """A simulated cluster. ``step`` drives it, ``start`` puts it on a loopback port.

    Everything runs in the caller's loop: a step and a request never meet.
    """

    def __init__(
        self,
        clock: SimClock,
        seed: int,
        options: KubernetesOptions | None = None,
        architecture: Architecture | None = None,
    ) -> None:
        """``architecture``: whose workloads stand there; the shop's without one."""
        self._architecture = architecture or architecture_named(DEFAULT)
        namespace = self._architecture.namespace
        self._options = options or KubernetesOptions()
        identity = Identity(seed)
        self._times = Times(clock)
        self._store = Store()
        self._registry = Registry(self._store, identity, self._times)
        family = Family(self._store)
        self._controllers = Controllers(self._registry, family, namespace)
        self._census = Census(self._controllers.plane, self._controllers.memory, namespace)
        self._inventory = Inventory(self._store, self._controllers.memory, namespace)
        self._metrics = Metrics(self._store, self._times, self._controllers.memory)
        self._access = Access(self._options.deny)
        secure = self._options.tls is not None
        self._tokens = Tokens(identity, self._times, self._options.token, self._options.token_seconds, secure)
        self._departures = Departures(self._registry, family)
        representation = Representation(self._store)
        api = Api(self._registry, self._access, self._metrics, self._departures, representation)
        watches = Watches(self._store, self._times, representation)
        self._logs = Logs(frozenset(topic.workload for topic in self._architecture.consumed))
        self._streams = PodStreams(self._registry, self._logs)
        self._server = Server(
            api, self._access, self._tokens, watches, self._streams, self._options.tls, self._options.patience
        )
        self._last = 0.0  # simulated second of the last step
        self._open()

    def _open(self) -> None:
        """Furnishes the cluster in the past, so that everything is ready and nothing is cold."""
        self._times.enter(-AGE_SECONDS)
        furnish(self._registry, self._architecture)
        if self._options.keda:
            self._furnish_keda()
        if self._options.pods:
            furnish_bulk(self._registry, self._options.pods)
        for kind in _CREATED:
            for obj in self._store.of(kind):
                self._registry.adopt(kind, obj, Manager(_CREATOR, UPDATE, kind.api_version()))
        self._controllers.settle(-AGE_SECONDS)
        ready = -AGE_SECONDS + START_SECONDS[1]
        self._times.enter(ready)
        self._controllers.settle(ready)
        if self._options.gitops:
            self._controllers.gitops.adopt(self._architecture.namespace)
        self._times.leave()

    def _furnish_keda(self) -> None:
        """A scaled object for every workload that consumes topics and has no autoscaler: as few pods as ever, and
        as many as have a partition to read."""
        architecture = self._architecture
        for workload in architecture.workloads:
            topics = [topic for topic in architecture.consumed if topic.workload == workload.name]
            if topics and workload.autoscaler is None:
                most = max(workload.replicas, *(topic.partitions for topic in topics))
                groups = tuple(topic.group for topic in topics)
                scaled = scaled_object(architecture.namespace, workload.name, groups, (workload.replicas, most))
                self._registry.create(SCALED_OBJECT, scaled)

    def step(self, t: int, tick: Tick) -> None:
        """One simulated second of every controller."""
        self._times.enter(t)
        try:
            self._last, self._metrics.tick = t, tick
            self._departures.step()
            self._controllers.step(t, tick)
            ready = {name: pods.ready for name, pods in self.workloads().items()}
            self._logs.step(self._times.wall().timestamp(), tick, ready)
            self._streams.grown()
        finally:
            self._times.leave()

    def workloads(self) -> Mapping[str, Pods]:
        """Deployments and stateful sets by name, as their pods are now."""
        return self._census.workloads(self._last)

    def hpas(self) -> Mapping[str, tuple[int, int, int, int]]:
        """Autoscalers by name: minimum, maximum, current and desired replicas."""
        return self._census.hpas(self._last)

    def lose_node(self, name: str) -> None:
        """A node stops working: NotReady after 40 s, its pods deleted 300 s later. Raises Refusal: no such node."""
        self._controllers.nodes.lose(name)

    def restore_node(self, name: str) -> None:
        """A lost node is back, and whatever pods still stand on it. Raises Refusal: no such node."""
        self._controllers.nodes.restore(name)

    def shown(self) -> Shown:
        """What exporters show of the namespace and the nodes."""
        return self._inventory.shown()

    def introduce(self, prometheus: str, redis: str, kafka: str) -> None:
        """Services for the estate's other servers, ``host:port`` each."""
        introduce(self._registry, prometheus, redis, kafka)

    async def start(self, host: str = "127.0.0.1") -> None:
        """Listens on a free port."""
        await self._server.start(host)

    async def stop(self) -> None:
        """Closes the port and every watch."""
        await self._server.stop()

    @property
    def url(self) -> str:
        """``http://host:port``; "" before ``start``."""
        return self._server.url

    @property
    def token(self) -> str:
        """The bearer token that is accepted now."""
        return self._tokens.token

    def kubeconfig(self) -> str:
        """A kubeconfig as YAML: context ``sim``, the architecture's namespace; a token, or an exec plug-in."""
        return kubeconfig(self.url, self.token, self._architecture.namespace, self._options)

    def expire_token(self) -> None:
        """From now on the token is answered 401."""
        self._tokens.expire()

    def renew_token(self) -> str:
        """Issues a new token and returns it; ``kubeconfig`` has it too."""
        return self._tokens.renew()

    def deny(self, verb: str, resource: str, namespace: str = "", name: str = "") -> None:
        """Answers 403 to a verb on "deployments", "deployments.apps" or "deployments/scale"; "*" is any of either."""
        self._access.deny(Denial(verb, resource, namespace, name))

    def allow(self, verb: str, resource: str, namespace: str = "", name: str = "") -> None:
        """Takes a denial back."""
        self._access.allow(Denial(verb, resource, namespace, name))
