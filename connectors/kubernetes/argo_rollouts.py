"""Argo Rollouts: a workload that is rolled out by canary steps or blue and green, and where it stands in that.

Source: the Rollout specification of Argo Rollouts 1.x (argoproj.io/v1alpha1). Its ``observedGeneration`` is text.
"""

from __future__ import annotations

import msgspec

from connectors.kubernetes.objects import Condition, Metadata, Read, Selector, Template


class WorkloadReference(Read, frozen=True):
    """The deployment whose template it took over."""

    name: str = ""
    kind: str | None = None


class Step(Read, frozen=True):
    """One canary step: exactly one of its fields is set; a pause may be without end."""

    set_weight: int | None = None
    pause: dict[str, object] | None = None


class Canary(Read, frozen=True):
    steps: tuple[Step, ...] | None = None


class BlueGreen(Read, frozen=True):
    active_service: str = ""
    preview_service: str | None = None
    auto_promotion_enabled: bool | None = None


class Strategy(Read, frozen=True):
    canary: Canary | None = None
    blue_green: BlueGreen | None = None


class RolloutSpec(Read, frozen=True):
    """``replicas`` None: one, the default. ``selector`` may be left out where another's workload was taken over."""

    replicas: int | None = None
    paused: bool | None = None
    selector: Selector | None = None
    strategy: Strategy = Strategy()
    workload_ref: WorkloadReference | None = None
    template: Template | None = None


class PauseCondition(Read, frozen=True):
    reason: str = ""
    start_time: str | None = None


class Weight(Read, frozen=True):
    weight: int = 0


class Weights(Read, frozen=True):
    canary: Weight | None = None


class CanaryStatus(Read, frozen=True):
    weights: Weights | None = None


class BlueGreenStatus(Read, frozen=True):
    """The hashes that the pods of either side carry."""

    active_selector: str = ""
    preview_selector: str = ""


class RolloutStatus(Read, frozen=True):
    replicas: int | None = None
    updated_replicas: int | None = None
    ready_replicas: int | None = None
    available_replicas: int | None = None
    phase: str = ""
    message: str | None = None
    abort: bool | None = None
    current_step_index: int | None = None
    current_pod_hash: str = ""
    stable_rs: str = msgspec.field(default="", name="stableRS")
    pause_conditions: tuple[PauseCondition, ...] | None = None
    canary: CanaryStatus | None = None
    blue_green: BlueGreenStatus | None = None
    conditions: tuple[Condition, ...] | None = None
    selector: str = ""


class Rollout(Read, frozen=True):
    metadata: Metadata
    spec: RolloutSpec = RolloutSpec()
    status: RolloutStatus = RolloutStatus()

    @property
    def replicas(self) -> int:
        return 1 if self.spec.replicas is None else self.spec.replicas

    @property
    def adopts(self) -> tuple[str, str] | None:
        """Kind and name of the workload that it took over, which it scales down for good."""
        reference = self.spec.workload_ref
        return (reference.kind or "Deployment", reference.name) if reference and reference.name else None

    @property
    def steps(self) -> tuple[Step, ...]:
        canary = self.spec.strategy.canary
        return (canary.steps or ()) if canary else ()

    @property
    def rolling(self) -> bool:
        """Whether two versions are out: what is wanted now is not yet what is stable."""
        return bool(self.status.stable_rs) and self.status.stable_rs != self.status.current_pod_hash

    @property
    def weight(self) -> float | None:
        """The canary's share of the traffic, 0..1; by the steps done where no router tells it. None: none is out."""
        if not self.rolling or self.spec.strategy.canary is None:
            return None
        told = self.status.canary.weights if self.status.canary else None
        if told is not None and told.canary is not None:
            return told.canary.weight / 100
        done = self.steps[: (self.status.current_step_index or 0) + 1]
        weights = [step.set_weight for step in done if step.set_weight is not None]
        return weights[-1] / 100 if weights and not self.status.abort else 0.0


msgspec.json.Decoder(Rollout)  # learnt while this module is imported: see objects.py
