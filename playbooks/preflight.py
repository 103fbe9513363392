"""What must be so before the first write; it only reads. A requirement about which nothing is known is not met."""

from __future__ import annotations

from console.model.component import ComponentId, kind_of, source_of
from playbooks.check import Passed, evaluate, words
from playbooks.exits import Exit, Refused
from playbooks.plan import Plan
from playbooks.ports import Permitting, Ports

RESOURCES = {
    "kubernetes/hpa": "horizontalpodautoscalers.autoscaling",
    "kubernetes/deployment": "deployments.apps",
    "kubernetes/statefulset": "statefulsets.apps",
}


async def preflight(plan: Plan, ports: Ports) -> Refused | None:
    """Why the run must not begin, with its exit code; None when it may."""
    return _connected(plan, ports) or _required(plan, ports) or await _permitted(plan, ports)


def _connected(plan: Plan, ports: Ports) -> Refused | None:
    for target in plan.targets:
        source = ports.watch.topology.sources.get(source_of(target))
        if source is None or source.snapshot is None:
            return Refused(Exit.UNREACHABLE, f"{target} has not been read")
        if source.failure is not None:
            return Refused(Exit.UNREACHABLE, f"{target}: {source.failure.reason}")
    return None


def _required(plan: Plan, ports: Ports) -> Refused | None:
    topology = ports.watch.topology
    for check in plan.require:
        result = evaluate(check, topology, 0.0, topology.at)
        if not isinstance(result, Passed):
            return Refused(Exit.REQUIREMENT, f"required: {words(check, topology)}; {result.reason}")
    return None


async def _permitted(plan: Plan, ports: Ports) -> Refused | None:
    for target in plan.targets if plan.permissions else ():
        connector = ports.target(target)
        resource = RESOURCES.get(kind_of(target))
        if resource is None or not isinstance(connector, Permitting):
            continue
        try:
            allowed = await connector.may("patch", resource, _namespace(target))
        except Exception as error:  # noqa: BLE001 - a port's own error: it could not be asked, which is not a no
            return Refused(Exit.UNREACHABLE, f"{target}: {error}")
        if not allowed:
            return Refused(Exit.PERMISSION, f"{target}: not permitted to patch {resource}")
    return None


def _namespace(target: ComponentId) -> str:
    return target.split("/")[2]
