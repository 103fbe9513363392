"""What was listed, as components. Pure; runs in a reading thread, because for thousands of objects it takes a while."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connectors.kubernetes.objects import Workload
from connectors.kubernetes.read import UNSEEN, Reading, observed_autoscaler, observed_workload, owners
from connectors.kubernetes.resources import AUTOSCALERS, EVERYWHERE, Listed
from console.model.snapshot import Observed


def observed(listed: Sequence[Listed], reading: Reading) -> tuple[Observed, ...]:
    """Every component of a reading; whoever owns a workload's replicas is unknown where autoscalers are not seen."""
    scalers = [item for one in listed if one.resource is AUTOSCALERS for item in one.items]
    unseen = {one.namespace for one in listed if one.resource is AUTOSCALERS and one.failed}
    scaled = owners(scalers)
    workloads = (
        observed_workload(
            kind,
            item,
            UNSEEN if unseen & {item.metadata.namespace, EVERYWHERE} else scaled.get(_key(kind, item), ""),
            reading,
        )
        for kind, item in _workloads(listed)
    )
    return (*workloads, *(observed_autoscaler(item, reading) for item in scalers))


def _workloads(listed: Sequence[Listed]) -> Iterator[tuple[str, Workload]]:
    for one in listed:
        for item in one.items:
            if isinstance(item, Workload):
                yield one.resource.kind, item


def _key(kind: str, workload: Workload) -> tuple[str, str, str]:
    return workload.metadata.namespace, kind, workload.metadata.name
