"""What is refused: a deny list over an otherwise open cluster, and the reviews that tell a client of it."""

from __future__ import annotations

from collections.abc import Iterable

from connectors.simulator.kubernetes import refusal
from connectors.simulator.kubernetes.discovery import SUBRESOURCE_VERBS
from connectors.simulator.kubernetes.kinds import KINDS, Kind
from connectors.simulator.kubernetes.objects import Object, dig
from connectors.simulator.kubernetes.options import Denial
from connectors.simulator.kubernetes.request import Request
from connectors.simulator.kubernetes.tokens import USER

_PATHS = ("/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz", "/version")


class Access:
    """Everything is allowed but what was denied."""

    def __init__(self, denied: Iterable[Denial] = ()) -> None:
        self._denied = dict.fromkeys(denied)  # an ordered set

    def deny(self, denial: Denial) -> None:
        self._denied[denial] = None

    def allow(self, denial: Denial) -> None:
        """Takes a denial back."""
        self._denied.pop(denial, None)

    def is_denied(self, verb: str, group: str, resource: str, namespace: str = "", name: str = "") -> bool:
        """``resource`` with its subresource, as "deployments/scale".

        Who asks for all namespaces is denied where one of them is; who names no object is not denied for one.
        """
        plural, slash, subresource = resource.partition("/")
        named = {resource, f"{plural}.{group}{slash}{subresource}", "*"}
        return any(
            denial.verb in (verb, "*")
            and denial.resource in named
            and ("" in (denial.namespace, namespace) or denial.namespace == namespace)
            and denial.name in ("", name)
            for denial in self._denied
        )

    def authorize(self, request: Request) -> None:
        """403 for what is denied, in the words of a real server."""
        kind = request.kind
        resource = f"{kind.plural}/{request.subresource}" if request.subresource else kind.plural
        if not self.is_denied(request.verb, kind.group, resource, request.namespace, request.name):
            return
        where = f' in the namespace "{request.namespace}"' if request.namespace else " at the cluster scope"
        cannot = f'User "{USER}" cannot {request.verb} resource "{resource}" in API group "{kind.group}"{where}'
        raise refusal.forbidden(kind, request.name, cannot)

    def review(self, attributes: Object) -> Object:
        """The status of an access review of our user."""
        words = {key: str(dig(attributes, key, default="")) for key in ("verb", "group", "subresource")}
        resource = str(dig(attributes, "resource", default="*"))
        resource = f"{resource}/{words['subresource']}" if words["subresource"] else resource
        namespace, name = (str(dig(attributes, key, default="")) for key in ("namespace", "name"))
        return {"allowed": not self.is_denied(words["verb"] or "*", words["group"], resource, namespace, name)}

    def rules(self, namespace: str) -> Object:
        """The status of a SelfSubjectRulesReview: rules cannot say "all but", so with denials they name the rest."""
        paths = {"verbs": ["get"], "nonResourceURLs": list(_PATHS)}
        found = self._rest(namespace) if self._denied else [_rule(("*",), "*", "*")]
        return {"resourceRules": found, "nonResourceRules": [paths], "incomplete": False}

    def _rest(self, namespace: str) -> list[Object]:
        found = []
        for kind in KINDS:
            for resource, verbs in _resources(kind):
                left = tuple(verb for verb in verbs if not self.is_denied(verb, kind.group, resource, namespace))
                if left:
                    found.append(_rule(left, kind.group, resource))
        return found


def _resources(kind: Kind) -> list[tuple[str, tuple[str, ...]]]:
    below = [(f"{kind.plural}/{name}", tuple(SUBRESOURCE_VERBS[name])) for name in kind.subresources]
    return [(kind.plural, kind.verbs), *below]


def _rule(verbs: tuple[str, ...], group: str, resource: str) -> Object:
    return {"verbs": list(verbs), "apiGroups": [group], "resources": [resource]}
