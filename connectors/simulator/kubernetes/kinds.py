"""The table of what is served: one row a kind. Discovery, paths, OpenAPI and access rules all read it."""

from __future__ import annotations

from dataclasses import dataclass

ALL = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
READ = ("get", "list")
CREATE = ("create",)


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """One kind, equal to itself alone: stores and caches look it up all the time.

    ``versions`` are those served, the stored (and preferred) one first.
    """

    group: str
    versions: tuple[str, ...]
    name: str
    plural: str
    namespaced: bool = True
    short: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL
    generation: bool = False  # metadata.generation counts the changes of its spec
    unconditional: bool = True  # an update without resourceVersion is accepted

    @property
    def singular(self) -> str:
        return self.name.lower()

    @property
    def resource(self) -> str:
        """As messages name it: "pods", "deployments.apps"."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def stored(self) -> str:
        return self.versions[0]

    def api_version(self, version: str = "") -> str:
        version = version or self.stored
        return f"{self.group}/{version}" if self.group else version


_WORKLOAD = ("status", "scale")

NAMESPACE = Kind(
    "",
    ("v1",),
    "Namespace",
    "namespaces",
    False,
    ("ns",),
    subresources=("status",),
    verbs=("create", "delete", "get", "list", "patch", "update", "watch"),
)
NODE = Kind("", ("v1",), "Node", "nodes", False, ("no",), subresources=("status",))
POD = Kind(
    "", ("v1",), "Pod", "pods", True, ("po",), ("all",), ("status", "eviction", "log", "exec", "attach", "portforward")
)
SERVICE = Kind("", ("v1",), "Service", "services", True, ("svc",), ("all",), ("status",))
CONFIGMAP = Kind("", ("v1",), "ConfigMap", "configmaps", True, ("cm",))
SECRET = Kind("", ("v1",), "Secret", "secrets")
ACCOUNT = Kind("", ("v1",), "ServiceAccount", "serviceaccounts", True, ("sa",))
EVENT = Kind("", ("v1",), "Event", "events", True, ("ev",))
QUOTA = Kind("", ("v1",), "ResourceQuota", "resourcequotas", True, ("quota",), subresources=("status",))
DEPLOYMENT = Kind("apps", ("v1",), "Deployment", "deployments", True, ("deploy",), ("all",), _WORKLOAD, generation=True)
REPLICASET = Kind("apps", ("v1",), "ReplicaSet", "replicasets", True, ("rs",), ("all",), _WORKLOAD, generation=True)
STATEFULSET = Kind("apps", ("v1",), "StatefulSet", "statefulsets", True, ("sts",), ("all",), _WORKLOAD, generation=True)
DAEMONSET = Kind("apps", ("v1",), "DaemonSet", "daemonsets", True, ("ds",), ("all",), ("status",), generation=True)
REVISION = Kind("apps", ("v1",), "ControllerRevision", "controllerrevisions")
JOB = Kind("batch", ("v1",), "Job", "jobs", True, (), ("all",), ("status",), generation=True)
CRONJOB = Kind("batch", ("v1",), "CronJob", "cronjobs", True, ("cj",), ("all",), ("status",), generation=True)
HPA = Kind(
    "autoscaling",
    ("v2", "v1"),
    "HorizontalPodAutoscaler",
    "horizontalpodautoscalers",
    True,
    ("hpa",),
    ("all",),
    ("status",),
)
BUDGET = Kind(
    "policy",
    ("v1",),
    "PodDisruptionBudget",
    "poddisruptionbudgets",
    True,
    ("pdb",),
    subresources=("status",),
    generation=True,
)
SCALED_OBJECT = Kind(
    "keda.sh", ("v1alpha1",), "ScaledObject", "scaledobjects", True, ("so",), subresources=("status",), generation=True
)
LEASE = Kind("coordination.k8s.io", ("v1",), "Lease", "leases", unconditional=False)
# Roles are kept and shown; what is refused, the deny list says.
_RBAC = "rbac.authorization.k8s.io"
ROLE = Kind(_RBAC, ("v1",), "Role", "roles")
BINDING = Kind(_RBAC, ("v1",), "RoleBinding", "rolebindings")
CLUSTER_ROLE = Kind(_RBAC, ("v1",), "ClusterRole", "clusterroles", False)
CLUSTER_BINDING = Kind(_RBAC, ("v1",), "ClusterRoleBinding", "clusterrolebindings", False)
POD_METRICS = Kind("metrics.k8s.io", ("v1beta1",), "PodMetrics", "pods", verbs=READ)
NODE_METRICS = Kind("metrics.k8s.io", ("v1beta1",), "NodeMetrics", "nodes", False, verbs=READ)
ACCESS = Kind(
    "authorization.k8s.io", ("v1",), "SelfSubjectAccessReview", "selfsubjectaccessreviews", False, verbs=CREATE
)
RULES = Kind("authorization.k8s.io", ("v1",), "SelfSubjectRulesReview", "selfsubjectrulesreviews", False, verbs=CREATE)
OTHERS_ACCESS = Kind(
    "authorization.k8s.io", ("v1",), "SubjectAccessReview", "subjectaccessreviews", False, verbs=CREATE
)
LOCAL_ACCESS = Kind(
    "authorization.k8s.io", ("v1",), "LocalSubjectAccessReview", "localsubjectaccessreviews", verbs=CREATE
)
WHOAMI = Kind("authentication.k8s.io", ("v1",), "SelfSubjectReview", "selfsubjectreviews", False, verbs=CREATE)
REVIEWS = (ACCESS, OTHERS_ACCESS, LOCAL_ACCESS, RULES, WHOAMI)

STORED = (
    NAMESPACE,
    NODE,
    POD,
    SERVICE,
    CONFIGMAP,
    SECRET,
    ACCOUNT,
    EVENT,
    QUOTA,
    DEPLOYMENT,
    REPLICASET,
    STATEFULSET,
    DAEMONSET,
    REVISION,
    JOB,
    CRONJOB,
    HPA,
    BUDGET,
    SCALED_OBJECT,
    LEASE,
    ROLE,
    BINDING,
    CLUSTER_ROLE,
    CLUSTER_BINDING,
)
KINDS = (*STORED, POD_METRICS, NODE_METRICS, *REVIEWS)
GROUPS = tuple(dict.fromkeys(kind.group for kind in KINDS if kind.group))


def find(group: str, version: str, plural: str) -> Kind | None:
    """The kind behind a path; None where nothing is served."""
    for kind in KINDS:
        if kind.plural == plural and kind.group == group and version in kind.versions:
            return kind
    return None


def versions_of(group: str) -> tuple[str, ...]:
    """The versions of a group, the preferred one first."""
    return tuple(dict.fromkeys(version for kind in KINDS if kind.group == group for version in kind.versions))


def served(group: str, version: str) -> tuple[Kind, ...]:
    return tuple(kind for kind in KINDS if kind.group == group and version in kind.versions)
