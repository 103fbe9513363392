"""KEDA's ScaledObjects: who scales what, between which bounds, and whether it is held still.

Source: the documentation of KEDA 2 (ScaledObject specification; pausing by annotation). Where both bounds are left out
KEDA takes 0 and 100. A paused one has no autoscaler, and still is the one who will set the replicas again.
"""

from __future__ import annotations

import msgspec

from connectors.kubernetes.objects import Annotations, Condition, Metadata, Read

LEAST, MOST = 0, 100


class Reference(Read, frozen=True):
    name: str
    kind: str | None = None


class Trigger(Read, frozen=True):
    """What it scales on: its type ("kafka", "cron"). Its metadata is not read: people put addresses and names there."""

    type: str = ""


class ScaledObjectSpec(Read, frozen=True):
    scale_target_ref: Reference
    min_replica_count: int | None = None
    max_replica_count: int | None = None
    idle_replica_count: int | None = None
    triggers: tuple[Trigger, ...] | None = None


class ScaledObjectStatus(Read, frozen=True):
    hpa_name: str | None = None
    paused_replica_count: int | None = None
    conditions: tuple[Condition, ...] | None = None
    external_metric_names: tuple[str, ...] | None = None


class ScaledObject(Read, frozen=True):
    """A keda.sh/v1alpha1 ScaledObject."""

    metadata: Metadata
    spec: ScaledObjectSpec
    status: ScaledObjectStatus = ScaledObjectStatus()

    @property
    def target(self) -> tuple[str, str]:
        """Kind and name of what it scales; a Deployment where it does not say."""
        return self.spec.scale_target_ref.kind or "Deployment", self.spec.scale_target_ref.name

    @property
    def least(self) -> int:
        return LEAST if self.spec.min_replica_count is None else self.spec.min_replica_count

    @property
    def most(self) -> int:
        return MOST if self.spec.max_replica_count is None else self.spec.max_replica_count

    @property
    def paused(self) -> bool | int:
        """Whether an annotation holds it still; the number of replicas where it holds it at one."""
        annotations = self.metadata.annotations or Annotations()
        held = annotations.keda_paused_replicas
        if held.isascii() and held.isdecimal() and len(held) < 10:
            return int(held)
        return annotations.keda_paused.lower() == "true"


msgspec.json.Decoder(ScaledObject)  # learnt while this module is imported: see objects.py
