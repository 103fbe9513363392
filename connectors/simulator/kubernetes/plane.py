"""The control plane: what every controller works with, as one value."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.simulator.kubernetes.events import Recorder
from connectors.simulator.kubernetes.family import Family
from connectors.simulator.kubernetes.kinds import POD, Kind
from connectors.simulator.kubernetes.objects import Object, copied, labels_of, name_of, namespace_of, owned_by
from connectors.simulator.kubernetes.registry import Edit, Registry
from connectors.simulator.kubernetes.tally import Tally
from connectors.simulator.kubernetes.worklist import Worklist


@dataclass(frozen=True, slots=True)
class Plane:
    """Writes go through the registry, as any client's do; reads come from indexes that each commit keeps."""

    registry: Registry
    family: Family
    tally: Tally
    recorder: Recorder
    worklist: Worklist

    def now(self) -> float:
        """Simulated seconds."""
        return self.registry.times.now()

    def stamp(self) -> str:
        """Now, as objects carry it."""
        return self.registry.times.stamp()

    def edit(self, kind: Kind, obj: Object, edit: Edit) -> Object:
        """Writes what ``edit`` makes of the stored object and returns it. Raises Refusal."""
        return self.registry.update(kind, namespace_of(obj), name_of(obj), edit)

    def respec(self, kind: Kind, obj: Object, **fields: object) -> Object:
        """Writes fields of the spec. Raises Refusal."""
        return self.edit(kind, obj, lambda stored: {**stored, "spec": {**stored.get("spec", {}), **fields}})

    def annotate(self, kind: Kind, obj: Object, annotations: dict[str, str]) -> Object:
        """Adds or replaces annotations; no write where they are there already. Raises Refusal."""
        present = obj["metadata"].get("annotations") or {}
        if annotations.items() <= present.items():
            return obj
        return self.edit(kind, obj, lambda stored: _annotated(stored, annotations))

    def delete(self, kind: Kind, obj: Object) -> None:
        self.registry.delete(kind, namespace_of(obj), name_of(obj))

    def pod(self, owner: Object, template: Object, name: str = "", labels: dict[str, str] | None = None) -> Object:
        """Creates a pod of ``owner`` from its template: named, or by the owner's name and five letters.

        Raises Refusal, of a quota for instance.
        """
        template = copied(template)
        given = {"name": name} if name else {"generateName": f"{name_of(owner)}-"}
        metadata = {
            **template.get("metadata", {}),
            **given,
            "namespace": namespace_of(owner),
            "labels": {**labels_of(template), **(labels or {})},
            "ownerReferences": owned_by(owner),
        }
        return self.registry.create(POD, {**template, "metadata": metadata})


def _annotated(obj: Object, annotations: dict[str, str]) -> Object:
    metadata = obj["metadata"]
    return {**obj, "metadata": {**metadata, "annotations": {**(metadata.get("annotations") or {}), **annotations}}}
