"""Checks of what users come by, offered and not taken: nobody here knows which of them matter. Pure.

They are comments that read as a config once the ``# `` is taken away.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from connectors.discovery import Cluster, Ingress, Service
from console.toml_text import key_of, toml_of

MOST = 6  # checks
LONGEST = 253  # characters of a DNS name (RFC 1035)
_EXAMPLE = Ingress("", "", ("shop.example",), frozenset({"shop.example"}))


@dataclass(frozen=True, slots=True)
class Entrance:
    """One check: ``key`` and ``value`` as in its table."""

    name: str
    layer: str
    key: str
    value: str
    why: str


def entrances(cluster: Cluster | None, backends: Collection[Service] = ()) -> tuple[Entrance, ...]:
    """The names of its Ingresses, and the addresses of its load balancers; an example where there are none.

    ``backends`` are read by a connector of their own, and users do not come by them.
    """
    services = [each for each in cluster.services if each not in backends] if cluster else []
    found = [*_of_ingresses(cluster.ingresses if cluster else ()), *_of_balancers(services)]
    return tuple(islice(found or _of_ingresses((_EXAMPLE,)), MOST))


def table(entrance: Entrance, environment: str) -> Iterator[str]:
    """The check's table, and its line of the topology."""
    yield f"[{key_of('environments', environment, 'probe', 'checks', entrance.name)}]"
    yield f"{entrance.key} = {toml_of(entrance.value)}  # {entrance.why}"
    yield "[[components]]"
    yield f"alias = {toml_of(entrance.name)}"
    yield f"layer = {toml_of(entrance.layer)}"
    yield f"id = {toml_of(f'probe/{entrance.name}')}"


def _of_ingresses(ingresses: Iterable[Ingress]) -> Iterator[Entrance]:
    for each in ingresses:
        why = f"of the Ingress {each.namespace}/{each.name}" if each.name else "such as this"
        for host in (one for one in each.hosts if len(one) <= LONGEST):
            scheme = "https" if host in each.secure else "http"
            yield Entrance(f"{_plain(host)}-dns", "dns", "dns", host, why)
            yield Entrance(f"{_plain(host)}-{scheme}", "gateway", "http", f"{scheme}://{host}/", why)


def _of_balancers(services: Iterable[Service]) -> Iterator[Entrance]:
    for each in services:
        for outside in each.outside[:1]:
            for _, port in each.ports[:1]:
                why = f"the load balancer of {each.namespace}/{each.name}"
                host = f"[{outside}]" if ":" in outside else outside
                yield Entrance(f"{_plain(each.name)}-tcp", "gateway", "tcp", f"{host}:{port}", why)


def _plain(name: str) -> str:
    """A name as an alias can have it."""
    return re.sub(r"[^A-Za-z0-9-]+", "-", name).strip("-")[:60] or "entrance"
