"""A draft as the text of a ``seawall.toml``: what was found, why it was chosen, and what is left to fill in. Pure."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from connectors.discovery import Cluster
from console.draft.backends import Backend
from console.draft.entrances import entrances, table
from console.draft.lines import Line
from console.model.inert import inert
from console.toml_text import key_of, toml_of

WIDTH = 100
SHOWN = 5  # of what could have been chosen as well


@dataclass(frozen=True, slots=True)
class Draft:
    """``backends`` by system, the chosen one first. ``remarks``: what was not found or not reached, by system."""

    environment: str
    cluster: Cluster | None
    namespaces: tuple[str, ...]
    backends: dict[str, tuple[Backend, ...]]
    lines: tuple[Line, ...]
    remarks: dict[str, str]
    kubeconfig: str | None = None
    left_out: int = 0

    @property
    def inside(self) -> bool:
        return self.cluster is not None and self.cluster.inside


def environment_name(context: str) -> str:
    """A context's name as an environment's: ``shop-prod`` of ``arn:aws:eks:eu-1:123:cluster/shop-prod``."""
    last = re.split(r"[/:@]", context)[-1]
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", last).strip("-._")[:64] or "main"


def text_of(draft: Draft) -> str:
    """The whole file. It reads as a config whatever was found."""
    parts = (
        _head(draft),
        _prometheus(draft),
        _kafka(draft),
        _redis(draft),
        _kubernetes(draft),
        (f"[{key_of('environments', draft.environment, 'host')}]", *_note("the machine the console runs on")),
        _probes(draft),
        _aliases(draft),
        *(_line(line) for line in draft.lines),
        _line(Line("console", "console", "host/local", "the machine the console runs on")),
        _rules(draft),
    )
    return "\n\n".join("\n".join(part) for part in map(tuple, parts) if part) + "\n"


def _head(draft: Draft) -> Iterator[str]:
    where = f"from {draft.cluster.server} (context {draft.cluster.context})" if draft.cluster else "without a cluster"
    yield from _note(f"Written by `seawall init` {where}. Guesses stand with their reasons: mend what is wrong, then")
    yield "#   seawall config validate; seawall doctor; seawall status"
    for remark in draft.cluster.problems if draft.cluster else ():
        yield from _note(f"could not be listed: {remark}")
    yield f"environment = {toml_of(draft.environment)}"
    yield ""
    yield f"[{key_of('environments', draft.environment)}]"
    production = re.search(r"prod|live", draft.environment) is not None
    why = "its name says so" if production else "set it where changes must be confirmed by typing the name"
    yield f"production = {toml_of(production)}  # {why}"
    yield "interval = 2.0  # seconds between readings"


def _prometheus(draft: Draft) -> Iterator[str]:
    chosen = _chosen(draft, "prometheus")
    yield from _found(draft, "prometheus")
    example = "http://127.0.0.1:9090"
    url = f"http://{chosen.address(draft.inside)}{chosen.path}" if chosen else example
    yield from _table(draft, "prometheus", chosen, f"url = {toml_of(url)}")
    yield '# token = "env:PROM_TOKEN"  # bearer; or user = "…" and password = "env:…"'


def _kafka(draft: Draft) -> Iterator[str]:
    chosen = _chosen(draft, "kafka")
    yield from _found(draft, "kafka")
    address = chosen.address(draft.inside) if chosen else "127.0.0.1:9092"
    yield from _table(draft, "kafka", chosen, f"bootstrap = {toml_of([address])}")
    if chosen is not None and chosen.forwarded(draft.inside):
        yield from _note("brokers name themselves as inside the cluster; this leads each one to the port-forward:")
        yield f"address_map = {toml_of({f'*:{chosen.port}': address})}"
    yield '# user = "seawall"  # SASL, with password = "env:KAFKA_PASSWORD" and mechanism = "SCRAM-SHA-512"'
    yield "# tls = true"


def _redis(draft: Draft) -> Iterator[str]:
    chosen = _chosen(draft, "redis")
    yield from _found(draft, "redis")
    address = chosen.address(draft.inside) if chosen else "127.0.0.1:6379"
    url = f"url = {toml_of(f'redis://{address}/0')}"
    if chosen is not None and chosen.port == 26379:
        url = f'sentinels = {toml_of([address])}\nmaster = "mymaster"  # as the Sentinels call it'
    yield from _table(draft, "redis", chosen, url)
    yield '# user = "seawall"'
    yield '# password = "env:REDIS_PASSWORD"'


def _kubernetes(draft: Draft) -> Iterator[str]:
    table = key_of("environments", draft.environment, "kubernetes")
    if draft.cluster is None:
        yield from _note(draft.remarks.get("kubernetes", "no cluster was looked at"))
        yield f"# [{table}]"
        yield '# context = "staging"  # default: kubectl\'s current one'
        yield '# namespaces = ["default"]'
        return
    yield f"[{table}]"
    if draft.kubeconfig is not None and not draft.inside:
        yield f"kubeconfig = {toml_of(draft.kubeconfig)}"
    if not draft.inside:
        yield f"context = {toml_of(draft.cluster.context)}  # pinned: another current context changes nothing here"
    yield f"namespaces = {toml_of(list(draft.namespaces) or ['default'])}"


def _probes(draft: Draft) -> Iterator[str]:
    yield from _note("checks of what users come by, made from this machine, that need no exporter; none is made yet:")
    backends = [each.service for found in draft.backends.values() for each in found]
    for each in entrances(draft.cluster, backends):
        yield from (f"# {inert(line)}" for line in table(each, draft.environment))


def _aliases(draft: Draft) -> Iterator[str]:
    """Names that the playbooks of the library speak of."""
    if _chosen(draft, "redis") is None:
        return
    yield from _note("where the flag document is that your application obeys (docs/flag-document.md); playbooks use it")
    yield "[aliases]"
    yield 'features = "redis/cache"'
    yield 'edge = "redis/cache"'
    yield ""
    yield "# [features]  # names of its flags, by tier; the playbook viral-spike turns off P2"
    yield '# P2 = ["recommendations", "reviews"]'


def _line(line: Line) -> Iterator[str]:
    yield from _note(f"{line.layer}: {line.why}")
    yield "[[components]]"
    yield f"alias = {toml_of(line.alias)}"
    yield f"layer = {toml_of(line.layer)}"
    yield f"id = {toml_of(line.id)}"
    if line.also:
        yield f"also = {toml_of(list(line.also))}"
    if line.show:
        yield f"show = {toml_of(list(line.show))}"
    if line.preset:
        yield f"preset = {toml_of(line.preset)}"
        yield (
            f"match = {_selector(line.match)}"
            if line.match
            else "# match = '…'  # narrows its selectors to what is yours"
        )


def _selector(match: str) -> str:
    """In a literal string where that can hold it, as a selector is full of quotes."""
    return f"'{match}'" if match.isprintable() and "'" not in match else toml_of(match)


def _rules(draft: Draft) -> Iterator[str]:
    if draft.left_out:
        yield from _note(f"{draft.left_out} more workloads were left out: a topology is read at a glance")
    yield "# [[rules]]  # bounds beside the default ones, which `seawall config show` lists"
    yield '# signal = "api.cpu"'
    yield '# above = "80%"'
    yield '# for = "60s"'


def _chosen(draft: Draft, system: str) -> Backend | None:
    return next(iter(draft.backends.get(system, ())), None)


def _found(draft: Draft, system: str) -> Iterator[str]:
    """What was chosen and why, what could have been as well, and what came of asking it."""
    candidates = draft.backends.get(system, ())
    if not candidates:
        yield from _note(f"no Service looks like {system}; fill in its address and take the # away")
    for place, each in enumerate(candidates[:SHOWN]):
        role = "chosen" if place == 0 else "or"
        yield from _note(f"{role}: {each.service.namespace}/{each.service.name}, because {each.why}")
    if candidates and candidates[0].forwarded(draft.inside):
        yield "# only reached from inside the cluster; from here by:"
        yield f"#   {inert(candidates[0].forwarded(draft.inside))}"
    if system in draft.remarks:
        yield from _note(draft.remarks[system])


def _table(draft: Draft, system: str, chosen: Backend | None, setting: str) -> Iterator[str]:
    mark = "" if chosen is not None else "# "
    yield f"{mark}[{key_of('environments', draft.environment, system)}]"
    yield from (f"{mark}{line}" for line in setting.splitlines())


def _note(text: str) -> Iterable[str]:
    """Comment lines; what comes from the cluster cannot end a comment or steer a terminal."""
    return textwrap.wrap(
        inert(text),
        WIDTH,
        initial_indent="# ",
        subsequent_indent="#   ",
        break_on_hyphens=False,
        break_long_words=False,
    )
