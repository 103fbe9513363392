"""Controller revisions: the templates that a stateful or daemon set has had, each an object of its own.

``kubectl rollout history`` and ``undo`` read them: ``data`` is the patch that brings a template back.
"""

from __future__ import annotations

from connectors.simulator.kubernetes.kinds import POD, REVISION
from connectors.simulator.kubernetes.objects import Object, dig, labels_of, name_of, namespace_of, owned_by
from connectors.simulator.kubernetes.plane import Plane
from connectors.simulator.kubernetes.revisions import inherited, template_hash

LABEL = "controller-revision-hash"
_KEPT = 10  # revisionHistoryLimit's default


class Lineage:
    """The revisions of one owner at a time."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane

    def current(self, owner: Object) -> Object:
        """The revision of the present template: made where there is none, the newest again where it is an older one."""
        code = template_hash(owner["spec"]["template"])
        known = self._plane.family.children(owner, REVISION)
        newest = max((item["revision"] for item in known), default=0)
        for item in known:
            if name_of(item) == f"{name_of(owner)}-{code}":
                number = item["revision"] if item["revision"] == newest else newest + 1
                return self._plane.annotate(REVISION, self._numbered(item, number), inherited(owner))
        return self._plane.registry.create(REVISION, _revision(owner, code, newest + 1))

    def template(self, owner: Object, name: str) -> Object:
        """The template of a revision by name; the present one where it is gone."""
        found = self._plane.registry.store.get(REVISION, namespace_of(owner), name)
        template = dict(dig(found, "data", "spec", "template", default=owner["spec"]["template"]))
        template.pop("$patch", None)
        return template

    def prune(self, owner: Object, used: set[str]) -> None:
        """Lets revisions go that no pod has, down to the limit of the history."""
        known = sorted(self._plane.family.children(owner, REVISION), key=lambda item: int(item["revision"]))
        used = used | {labels_of(pod).get(LABEL, "") for pod in self._plane.family.children(owner, POD)}
        idle = [item for item in known if name_of(item) not in used and labels_of(item).get(LABEL) not in used]
        limit = dig(owner, "spec", "revisionHistoryLimit", default=_KEPT)
        for item in idle[: max(0, len(idle) - limit)]:
            self._plane.delete(REVISION, item)

    def _numbered(self, item: Object, number: int) -> Object:
        if item["revision"] == number:
            return item
        return self._plane.edit(REVISION, item, lambda stored: {**stored, "revision": number})


def _revision(owner: Object, code: str, number: int) -> Object:
    labels = {**labels_of(owner["spec"]["template"]), LABEL: code}
    return {
        "metadata": {
            "name": f"{name_of(owner)}-{code}",
            "namespace": namespace_of(owner),
            "labels": labels,
            "annotations": inherited(owner),
            "ownerReferences": owned_by(owner),
        },
        "data": {"spec": {"template": {**owner["spec"]["template"], "$patch": "replace"}}},
        "revision": number,
    }
