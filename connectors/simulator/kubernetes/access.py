"""Who may come in and what is denied: one bearer token, one user, and a deny list for tests of missing rights."""

from __future__ import annotations

from connectors.simulator.kubernetes import refusal
from connectors.simulator.kubernetes.identity import Identity
from connectors.simulator.kubernetes.kinds import Kind
from connectors.simulator.kubernetes.objects import Object, dig

USER = "seawall"


class Access:
    """Everything is allowed but what was denied."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._denied: set[tuple[str, str]] = set()
        self._expired = False
        self.token = identity.token()

    def expire(self) -> None:
        """The token that is out there stops working."""
        self._expired = True

    def renew(self) -> str:
        """A new token; the old one is worth nothing."""
        self.token, self._expired = self._identity.token(), False
        return self.token

    def deny(self, verb: str, resource: str) -> None:
        """Refuses a verb ("*": all) on "deployments", "deployments/scale", "deployments.apps" or "*"."""
        self._denied.add((verb, resource))

    def allow(self, verb: str, resource: str) -> None:
        """Takes a denial back."""
        self._denied.discard((verb, resource))

    def authenticate(self, header: str) -> None:
        """401 for a token that is not the one of now.

        No token at all is let in while ours is valid: client-go (kubectl) reads no credentials for a plain
        ``http://`` server and sends none.
        """
        if self._expired or header not in ("", f"Bearer {self.token}"):
            raise refusal.unauthorized()

    def is_denied(self, verb: str, group: str, plural: str, subresource: str = "") -> bool:
        tail = f"/{subresource}" if subresource else ""
        names = {f"{plural}{tail}", f"{plural}.{group}{tail}", "*"}
        return any(word in (verb, "*") and resource in names for word, resource in self._denied)

    def authorize(self, verb: str, kind: Kind, namespace: str, name: str, subresource: str) -> None:
        """403 for what is denied, in the words of a real server."""
        if not self.is_denied(verb, kind.group, kind.plural, subresource):
            return
        resource = f"{kind.plural}/{subresource}" if subresource else kind.plural
        where = f' in the namespace "{namespace}"' if namespace else " at the cluster scope"
        message = f'User "{USER}" cannot {verb} resource "{resource}" in API group "{kind.group}"{where}'
        raise refusal.forbidden(kind, name, message)

    def review(self, attributes: Object) -> Object:
        """The status of a SelfSubjectAccessReview."""
        verb, resource = dig(attributes, "verb", default="*"), dig(attributes, "resource", default="*")
        group, subresource = dig(attributes, "group", default=""), dig(attributes, "subresource", default="")
        return {"allowed": not self.is_denied(verb, group, resource, subresource)}

    def rules(self) -> Object:
        """The status of a SelfSubjectRulesReview. RBAC cannot say "all but": with denials it is incomplete."""
        everything = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
        paths = {"verbs": ["get"], "nonResourceURLs": ["/api", "/api/*", "/apis", "/apis/*", "/version"]}
        found: Object = {"resourceRules": [everything], "nonResourceRules": [paths], "incomplete": bool(self._denied)}
        if self._denied:
            denied = ", ".join(f"{verb} {resource}" for verb, resource in sorted(self._denied))
            found["evaluationError"] = f"denied besides: {denied}"
        return found
