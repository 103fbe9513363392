"""Who owns whom, kept up to date at each commit, so that a controller never searches the store."""

from __future__ import annotations

from connectors.simulator.kubernetes.kinds import DEPLOYMENT, POD, REPLICASET, Kind
from connectors.simulator.kubernetes.objects import Object, dig, name_of, namespace_of, owner_of
from connectors.simulator.kubernetes.store import Commit, Store


class Family:
    """Children by their owner's uid."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._children: dict[str, dict[tuple[Kind, str, str], Object]] = {}
        store.listen(self._saw)

    def children(self, owner: Object, kind: Kind) -> list[Object]:
        """Objects of a kind that ``owner`` controls, those being deleted included, oldest first."""
        family = self._children.get(owner["metadata"]["uid"], {})
        return [child for (of, _, _), child in family.items() if of is kind]

    def living(self, owner: Object, kind: Kind) -> list[Object]:
        """The same without those being deleted."""
        return [child for child in self.children(owner, kind) if "deletionTimestamp" not in child["metadata"]]

    def pods(self, deployment: Object) -> list[Object]:
        """The living pods of a deployment, over all its replica sets."""
        return [pod for group in self.children(deployment, REPLICASET) for pod in self.living(group, POD)]

    def orphans(self, owner: Object) -> list[tuple[Kind, str, str]]:
        """Keys of what an owner left behind."""
        return list(self._children.get(owner["metadata"]["uid"], {}))

    def deployment(self, namespace: str, name: str) -> Object | None:
        return self._store.get(DEPLOYMENT, namespace, name)

    def _saw(self, commit: Commit) -> None:
        obj = commit.last
        key = (commit.kind, namespace_of(obj), name_of(obj))
        before, after = ("" if state is None else owner_of(state) for state in (commit.before, commit.after))
        if before and before != after:  # deleted, or let go of
            self._leave(before, key)
        if after:
            self._children.setdefault(after, {})[key] = obj

    def _leave(self, owner: str, key: tuple[Kind, str, str]) -> None:
        left = self._children.get(owner, {})
        left.pop(key, None)
        if not left:
            self._children.pop(owner, None)


def is_ready(pod: Object) -> bool:
    for condition in dig(pod, "status", "conditions", default=[]):
        if condition.get("type") == "Ready":
            return bool(condition.get("status") == "True")
    return False
