"""Asks the cluster, and then the systems found in it, for what a draft is made from. Reads only; each has its deadline.

A system that does not answer from here costs the draft its groups or exporters and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from connectors.kubernetes.discover import discover
from connectors.prometheus.discover import metric_names
from connectors.settings import kafka, prometheus
from console.clock import SystemClock
from console.draft.backends import SORTS, Backend, backends
from console.draft.lines import OF_CACHE, Line, arranged, of_exporters, of_groups, of_workloads
from console.draft.text import Draft, environment_name
from console.model.component import ComponentId
from console.model.snapshot import Snapshot, Unreachable


async def draft_of(
    kubeconfig: str | None, context: str | None, namespaces: tuple[str, ...], say: Callable[[str], None]
) -> Draft:
    """Everything that could be found; ``say`` is told what is being asked."""
    say("asking the cluster …")
    cluster = await discover(kubeconfig, context, namespaces)
    if isinstance(cluster, Unreachable):
        remarks = {"kubernetes": f"{cluster.kind}: {cluster.reason}; {cluster.advice}"}
        return Draft("main", None, namespaces, {}, (), remarks)
    found = {sort.system: backends(cluster.services, sort.system) for sort in SORTS}
    chosen = {system: each[0] for system, each in found.items() if each}
    say(f"found {', '.join(f'{each.service.name} ({system})' for system, each in chosen.items()) or 'no backends'} …")
    (metrics, no_metrics), (groups, no_groups) = await asyncio.gather(
        _metrics(chosen.get("prometheus"), cluster.inside), _groups(chosen.get("kafka"), cluster.inside)
    )
    workloads = tuple(of_workloads(cluster.workloads, namespaces, metrics))
    lines, left_out = arranged(
        (*workloads, *of_groups(groups), *_cache(chosen.get("redis")), *of_exporters(metrics, tuple(chosen)))
    )
    return Draft(
        environment_name(cluster.context),
        cluster,
        namespaces or _namespaces(lines),
        found,
        lines,
        {system: why for system, why in (("prometheus", no_metrics), ("kafka", no_groups)) if why},
        kubeconfig,
        left_out,
    )


async def _metrics(backend: Backend | None, inside: bool) -> tuple[frozenset[str], str]:
    """The names of its metrics, or none and why."""
    if backend is None:
        return frozenset(), ""
    settings = prometheus.Settings(url=f"http://{backend.address(inside)}{backend.path}")
    names = await metric_names("prometheus", settings, SystemClock())
    return (frozenset(), _unanswered(names)) if isinstance(names, Unreachable) else (names, "")


async def _groups(backend: Backend | None, inside: bool) -> tuple[tuple[ComponentId, ...], str]:
    """The components that one reading of it shows, or none and why."""
    if backend is None:
        return (), ""
    from connectors.kafka import open_connector

    address = backend.address(inside)
    mapped = {f"*:{backend.port}": address} if backend.forwarded(inside) else {}
    settings = kafka.Settings(bootstrap=(address,), address_map=mapped, timeout=5.0)
    connector = open_connector("kafka", settings, SystemClock())
    try:
        seen = await connector.read()
    finally:
        await connector.close()
    return (tuple(each.id for each in seen.components), "") if isinstance(seen, Snapshot) else ((), _unanswered(seen))


def _unanswered(failure: Unreachable) -> str:
    return f"did not answer from here ({failure.kind}: {failure.reason})"


def _cache(backend: Backend | None) -> Iterable[Line]:
    if backend is None:
        return ()
    return (Line("cache", "cache", "redis/cache", f"the Redis {backend.service.name}", show=OF_CACHE),)


def _namespaces(lines: Iterable[Line]) -> tuple[str, ...]:
    """Those of the lines that Kubernetes knows; a reading lists each of them."""
    ids = [line.id.split("/") for line in lines if line.id.startswith("kubernetes/")]
    return tuple(dict.fromkeys(parts[2] for parts in ids))
