"""Which kinds Seawall reads, and where an API server keeps them: one row a kind.

Everything that lists, watches, examines or writes goes by this table, so a kind is added by adding its row (and its
line in ``estate.py``, which says what its objects are to us). A kind of an add-on is ``optional``: where no such API
group is served it is absent, and nobody is told of a problem.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from connectors.failure import Failed
from connectors.kubernetes.argo_rollouts import Rollout
from connectors.kubernetes.budgets import Budget
from connectors.kubernetes.events import Event
from connectors.kubernetes.jobs import CronJob, Job
from connectors.kubernetes.keda import ScaledObject
from connectors.kubernetes.nodes import Node, NodeUse
from connectors.kubernetes.objects import Autoscaler, Workload
from connectors.kubernetes.quotas import Quota
from connectors.kubernetes.workloads import DaemonSet

EVERYWHERE = "*"
"""In place of a namespace: all of them, in one list."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind: where its objects are served, and what one of them decodes to.

    ``short`` is its part of a component's id. ``every`` is how many wall seconds may lie between two lists where it is
    not watched (0: each reading), and ``watched`` whether it can be at all (metrics cannot). ``query`` narrows its
    lists and watches ("fieldSelector", "type=Warning").
    """

    kind: str
    group: str  # "" is the core group
    version: str
    plural: str
    type: type[Any]  # a struct with ``metadata``
    short: str
    namespaced: bool = True
    optional: bool = False
    watched: bool = True
    every: float = 0.0
    query: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """As kubectl and access rules name it: ``deployments.apps``, ``nodes``."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def root(self) -> str:
        """The path of its group and version."""
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"

    def path(self, namespace: str, name: str = "") -> str:
        """Of the kind in a namespace, or of one object; ``EVERYWHERE``, and kinds without namespaces, have none."""
        inside = f"/namespaces/{quote(namespace, safe='')}" if self.namespaced and namespace != EVERYWHERE else ""
        path = f"{self.root}{inside}/{self.plural}"
        return f"{path}/{quote(name, safe='')}" if name else path


DEPLOYMENTS = Resource("Deployment", "apps", "v1", "deployments", Workload, "deployment")
STATEFUL_SETS = Resource("StatefulSet", "apps", "v1", "statefulsets", Workload, "statefulset")
DAEMON_SETS = Resource("DaemonSet", "apps", "v1", "daemonsets", DaemonSet, "daemonset", optional=True)
AUTOSCALERS = Resource("HorizontalPodAutoscaler", "autoscaling", "v2", "horizontalpodautoscalers", Autoscaler, "hpa")
SCALED_OBJECTS = Resource(
    "ScaledObject", "keda.sh", "v1alpha1", "scaledobjects", ScaledObject, "scaledobject", optional=True
)
ROLLOUTS = Resource("Rollout", "argoproj.io", "v1alpha1", "rollouts", Rollout, "rollout", optional=True)
JOBS = Resource("Job", "batch", "v1", "jobs", Job, "job", optional=True)
CRON_JOBS = Resource("CronJob", "batch", "v1", "cronjobs", CronJob, "cronjob", optional=True)
BUDGETS = Resource("PodDisruptionBudget", "policy", "v1", "poddisruptionbudgets", Budget, "pdb", optional=True)
QUOTAS = Resource("ResourceQuota", "", "v1", "resourcequotas", Quota, "quota", optional=True)
WARNINGS = Resource("Event", "", "v1", "events", Event, "", optional=True, query=(("fieldSelector", "type=Warning"),))
NODES = Resource("Node", "", "v1", "nodes", Node, "node", namespaced=False, optional=True)
NODE_USES = Resource(
    "NodeMetrics",
    "metrics.k8s.io",
    "v1beta1",
    "nodes",
    NodeUse,
    "",
    namespaced=False,
    optional=True,
    watched=False,
    every=15.0,  # as often as metrics-server asks the kubelets
)

READ: tuple[Resource, ...] = (
    DEPLOYMENTS,
    STATEFUL_SETS,
    DAEMON_SETS,
    ROLLOUTS,
    AUTOSCALERS,
    SCALED_OBJECTS,
    BUDGETS,
    QUOTAS,
    NODES,
    NODE_USES,
    JOBS,
    CRON_JOBS,
    WARNINGS,
)
"""What every reading has, in this order."""

RESOURCES: Mapping[str, Resource] = {one.short: one for one in READ if one.short}
"""By the part of a component's id: what can be drilled into, and written to where it has facts."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One kind in one namespace (``EVERYWHERE``: in all): its objects, or why there are none.

    ``at`` is when they were so, in estate seconds. With ``failed`` and objects both, they are those of the last time.
    """

    resource: Resource
    namespace: str
    items: tuple[Any, ...] = ()
    failed: Failed | None = None
    at: float = 0.0
