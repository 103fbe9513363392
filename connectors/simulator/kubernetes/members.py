"""The pods of a workload, whatever its kind: a deployment's stand one floor further down."""

from __future__ import annotations

from connectors.simulator.kubernetes.family import Family
from connectors.simulator.kubernetes.kinds import DEPLOYMENT, POD, REPLICASET
from connectors.simulator.kubernetes.objects import Object
from connectors.simulator.kubernetes.tally import Count, Tally, is_active


def holders(family: Family, workload: Object) -> list[Object]:
    """What owns its pods directly: a deployment's replica sets, else the workload itself."""
    return family.children(workload, REPLICASET) if workload["kind"] == DEPLOYMENT.name else [workload]


def members(family: Family, workload: Object) -> list[Object]:
    """Its active pods, oldest first."""
    pods = (pod for holder in holders(family, workload) for pod in family.children(holder, POD))
    return [pod for pod in pods if is_active(pod)]


def counted(family: Family, tally: Tally, workload: Object) -> Count:
    """How many they are, and how many are ready: no pod is looked at."""
    counts = [tally.of(holder) for holder in holders(family, workload)]
    return Count(sum(count.living for count in counts), sum(count.ready for count in counts))
