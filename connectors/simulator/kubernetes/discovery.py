"""What is served, as clients ask for it: the legacy documents, the aggregated ones, and the version.

kubectl since 1.27 asks for aggregated discovery and takes the legacy documents where it gets none.
"""

from __future__ import annotations

from connectors.simulator.kubernetes.kinds import GROUPS, Kind, served, versions_of
from connectors.simulator.kubernetes.objects import Object
from connectors.simulator.kubernetes.shop import VERSION

_SCALE = {"group": "autoscaling", "version": "v1", "kind": "Scale"}
_EVICTION = {"group": "policy", "version": "v1", "kind": "Eviction"}
_CHANGED = ["get", "patch", "update"]
_STREAMED = ["create", "get"]
SUBRESOURCE_VERBS = {
    "status": _CHANGED,
    "scale": _CHANGED,
    "eviction": ["create"],
    "log": ["get"],
    "exec": _STREAMED,
    "attach": _STREAMED,
    "portforward": _STREAMED,
}
_AGGREGATED = "apidiscovery.k8s.io"


def version() -> Object:
    """``/version``."""
    major, minor, _ = VERSION.removeprefix("v").split(".")
    return {
        "major": major,
        "minor": minor,
        "gitVersion": VERSION,
        "gitCommit": "simulated",
        "gitTreeState": "clean",
        "buildDate": "2025-05-15T08:19:08Z",
        "goVersion": "go1.24.2",
        "compiler": "gc",
        "platform": "linux/amd64",
    }


def core(host: str) -> Object:
    """``/api``."""
    addresses = [{"clientCIDR": "0.0.0.0/0", "serverAddress": host}]
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": addresses}


def groups() -> Object:
    """``/apis``."""
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(name) for name in GROUPS]}


def group(name: str) -> Object | None:
    """``/apis/<group>``; None where it is not served."""
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name)} if name in GROUPS else None


def _group(name: str) -> Object:
    found = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions_of(name)]
    return {"name": name, "versions": found, "preferredVersion": found[0]}


def resources(group: str, version: str) -> Object | None:
    """``/api/v1`` or ``/apis/<group>/<version>``; None where it is not served."""
    kinds = served(group, version)
    if not kinds:
        return None
    found = [entry for kind in kinds for entry in _entries(kind)]
    group_version = f"{group}/{version}" if group else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": found}


def _entries(kind: Kind) -> list[Object]:
    main: Object = {
        "name": kind.plural,
        "singularName": kind.singular,
        "namespaced": kind.namespaced,
        "kind": kind.name,
        "verbs": list(kind.verbs),
    }
    main |= {"shortNames": list(kind.short)} if kind.short else {}
    main |= {"categories": list(kind.categories)} if kind.categories else {}
    return [main, *(_subresource(kind, name) for name in kind.subresources)]


def _subresource(kind: Kind, name: str) -> Object:
    shown = {"scale": _SCALE, "eviction": _EVICTION}.get(name, {"kind": kind.name})
    return {
        "name": f"{kind.plural}/{name}",
        "singularName": "",
        "namespaced": kind.namespaced,
        **shown,
        "verbs": SUBRESOURCE_VERBS[name],
    }


def aggregated(core_group: bool, version: str) -> Object:
    """``/api`` or ``/apis`` in one document (``APIGroupDiscoveryList``, v2 or v2beta1)."""
    names = ("",) if core_group else GROUPS
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": f"{_AGGREGATED}/{version}",
        "metadata": {},
        "items": [{"metadata": {"name": name} if name else {}, "versions": _versions(name)} for name in names],
    }


def _versions(group: str) -> list[Object]:
    return [
        {
            "version": version,
            "resources": [_discovered(kind, version) for kind in served(group, version)],
            "freshness": "Current",
        }
        for version in versions_of(group)
    ]


def _discovered(kind: Kind, version: str) -> Object:
    found: Object = {
        "resource": kind.plural,
        "responseKind": {"group": kind.group, "version": version, "kind": kind.name},
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "singularResource": kind.singular,
        "verbs": list(kind.verbs),
    }
    found |= {"shortNames": list(kind.short)} if kind.short else {}
    found |= {"categories": list(kind.categories)} if kind.categories else {}
    if kind.subresources:
        found["subresources"] = [_discovered_subresource(kind, version, name) for name in kind.subresources]
    return found


def _discovered_subresource(kind: Kind, version: str, name: str) -> Object:
    same = {"group": kind.group, "version": version, "kind": kind.name}
    shown = {"scale": _SCALE, "eviction": _EVICTION}.get(name, same)
    return {"subresource": name, "responseKind": shown, "verbs": SUBRESOURCE_VERBS[name]}
