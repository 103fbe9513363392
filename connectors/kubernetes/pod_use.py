"""What pods use, by metrics.k8s.io: cores and bytes, each pod's containers together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from connectors.failure import Failed
from connectors.kubernetes.inquiry import Inquiry, Query
from connectors.kubernetes.objects import Amounts, Metadata, Read
from connectors.kubernetes.quantities import of

METRICS = "/apis/metrics.k8s.io/v1beta1"


class ContainerUse(Read, frozen=True):
    usage: Amounts | None = None


class PodUse(Read, frozen=True):
    metadata: Metadata
    containers: tuple[ContainerUse, ...] | None = None


class PodUses(Read, frozen=True):
    items: tuple[PodUse, ...] | None = None


msgspec.json.Decoder(PodUses)  # learnt while this module is imported: see objects.py


@dataclass(frozen=True, slots=True)
class Use:
    cores: float
    memory: float  # bytes

    @property
    def cpu_text(self) -> str:
        """``250m`` or ``1.2``, as a manifest has it."""
        return f"{self.cores * 1000:.0f}m" if self.cores < 1 else f"{self.cores:.1f}"

    @property
    def memory_text(self) -> str:
        return f"{self.memory / 2**20:.0f}Mi" if self.memory < 2**30 else f"{self.memory / 2**30:.1f}Gi"


async def uses_of(inquiry: Inquiry, namespace: str, query: Query) -> Mapping[str, Use] | Failed:
    """By the name of each pod that the labels select; empty where only a field selects, which metrics do not have."""
    labels = [pair for pair in query if pair[0] == "labelSelector"]
    if not namespace or not labels:
        return {}
    answer = await inquiry.maybe(f"{METRICS}/namespaces/{namespace}/pods", PodUses, labels)
    if isinstance(answer, Failed):
        return answer
    return {one.metadata.name: _together(one) for one in answer.items or ()}


def _together(one: PodUse) -> Use:
    usages = [container.usage for container in one.containers or ()]
    return Use(sum(of(usage, "cpu") or 0.0 for usage in usages), sum(of(usage, "memory") or 0.0 for usage in usages))
