"""All nodes, those in trouble first; one node with what troubles it and the pods on it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

import msgspec

from connectors.failure import Failed
from connectors.kubernetes.detail_pods import COLUMNS as PODS
from connectors.kubernetes.detail_pods import Choice, Found, pods_of
from connectors.kubernetes.inquiry import Inquiry, cell, missing
from connectors.kubernetes.nodes import PRESSURES, Node, NodeUse, Used, node_id, used_by
from connectors.kubernetes.objects import Read
from connectors.kubernetes.pod_use import METRICS, Use
from connectors.kubernetes.quantities import of
from connectors.kubernetes.read import held
from connectors.kubernetes.resources import NODES
from console.model.snapshot import Detail

PAGES = 4  # of 500 nodes
SHOWN = 100


class NodeUses(Read, frozen=True):
    items: tuple[NodeUse, ...] | None = None


msgspec.json.Decoder(NodeUses)  # learnt while this module is imported: see objects.py


async def nodes_detail(inquiry: Inquiry) -> Detail:
    (nodes, left), uses = await asyncio.gather(_nodes(inquiry), inquiry.maybe(f"{METRICS}/nodes", NodeUses))
    used = used_by(uses.items or ()) if isinstance(uses, NodeUses) else {}
    shown = sorted(nodes, key=lambda node: (node.ready, not node.troubled, node.metadata.name))[:SHOWN]
    return Detail(
        inquiry.component,
        inquiry.at,
        "nodes",
        ("name", "state", "trouble", "cpu", "memory"),
        tuple(_row(node, used.get(node.metadata.name)) for node in shown),
        len(nodes) - len(shown) + left,
        {"metrics": missing(uses)} if isinstance(uses, Failed) and missing(uses) else {},
        tuple(node_id(inquiry.source, node.metadata.name) for node in shown),
    )


async def node_detail(inquiry: Inquiry, name: str) -> Detail:
    """Its conditions come even where the pods of all namespaces may not be listed."""
    node: Node = await inquiry.object(NODES, "", name)
    use, found = await asyncio.gather(inquiry.maybe(f"{METRICS}/nodes/{name}", NodeUse), _pods_on(inquiry, name))
    used = used_by([use]).get(name) if isinstance(use, NodeUse) else None
    extra = dict(_extra(node, used))
    if isinstance(found, Failed):
        return Detail(inquiry.component, inquiry.at, f"node {name}", PODS, (), extra={**extra, "pods": found.reason})
    extra |= {"pods": f"{len(found.rows) + found.more} of {cell((node.status.allocatable or {}).get('pods', '?'))}"}
    title = f"pods on node {name}"
    return Detail(
        inquiry.component, inquiry.at, title, PODS, found.rows, found.more, {**extra, **found.extra}, found.into
    )


async def _pods_on(inquiry: Inquiry, name: str) -> Found | Failed:
    try:
        return await pods_of(inquiry, Choice("", (("fieldSelector", f"spec.nodeName={name}"),)))
    except Failed as failed:
        return failed


async def _nodes(inquiry: Inquiry) -> tuple[Sequence[Node], int]:
    found: list[Node] = []
    after = ""
    for _ in range(PAGES):
        page, _problems = await inquiry.page(NODES, "", after)
        found += page.items or ()
        after = page.metadata.continue_
        if not after:
            return found, 0
    return found, 1  # at least: how many more is not asked


def _row(node: Node, used: Used | None) -> tuple[str, ...]:
    return node.metadata.name, node.state, ", ".join(node.troubles), *_shares(node, used)


def _shares(node: Node, used: Used | None) -> tuple[str, str]:
    """CPU and memory used of what is allocatable; "?" where it is not known."""
    most = node.status.allocatable
    if used is None:
        return "?", "?"
    pairs = ((used.cores, of(most, "cpu")), (used.memory, of(most, "memory")))
    cpu, memory = (f"{value / whole:.0%}" if value is not None and whole else "?" for value, whole in pairs)
    return cpu, memory


def _extra(node: Node, used: Used | None) -> Iterator[tuple[str, str]]:
    ready = held(node.status.conditions, "Ready")
    said = f": {ready.message}" if ready and not node.ready and ready.message else ""
    yield "state", cell(", ".join((node.state, *node.troubles)) + said)
    for condition in node.status.conditions or ():
        if condition.type in PRESSURES and condition.status == "True":
            yield condition.type, cell(condition.message or condition.reason)
    whole = Use(of(node.status.allocatable, "cpu") or 0.0, of(node.status.allocatable, "memory") or 0.0)
    yield "allocatable", f"cpu {whole.cpu_text}, memory {whole.memory_text}" if node.status.allocatable else "?"
    cpu, memory = _shares(node, used)
    yield "used", f"cpu {cpu}, memory {memory}"
