"""Kafka Connect's REST API, as far as its state goes: one request tells of all connectors and their tasks.

Only ``expand=status`` is asked for: ``expand=info`` would bring the connectors' settings, and passwords are among them.
Needs Apache Kafka 2.3 (KIP-465). Blocking, for the connector's own threads; urllib3 is imported at the first request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from connectors.deadline import Line, pool_classes
from connectors.failure import Failed, innermost, kind_of, kind_of_status, one_line
from connectors.imports import imported
from connectors.secret import MissingSecret, Secret
from connectors.settings.kafka import Settings
from console.model.snapshot import FailureKind

LARGEST = 2**23  # bytes of an answer: some five thousand tasks, each with its trace
LONGEST = 300  # characters kept of a trace's first line
ADVICE = {
    FailureKind.PROTOCOL: "check that connect names a Kafka Connect worker's REST address, 2.3 or newer",
    FailureKind.EXPIRED: "check connect_user and connect_password, or connect_token; they are read anew each time",
    FailureKind.TLS: "check connect_ca_file and the worker's certificate",
}


@dataclass(frozen=True, slots=True)
class Task:
    """``state`` in Connect's words; ``trace`` is the first line of what it failed with."""

    id: int
    state: str
    worker: str = ""
    trace: str = ""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """One of Connect's connectors. ``kind``: "source" or "sink"; "" where it is not told."""

    name: str
    state: str
    kind: str = ""
    worker: str = ""
    trace: str = ""
    tasks: tuple[Task, ...] = ()


class _Place(msgspec.Struct, frozen=True):
    state: str
    worker_id: str = ""
    trace: str = ""


class _Task(msgspec.Struct, frozen=True):
    id: int
    state: str
    worker_id: str = ""
    trace: str = ""


class _Status(msgspec.Struct, frozen=True):
    connector: _Place
    tasks: tuple[_Task, ...] = ()
    type: str = ""


class _Expanded(msgspec.Struct, frozen=True):
    status: _Status


class _Refusal(msgspec.Struct, frozen=True):
    message: str = ""


class Rest:
    """All Connect workers of the settings, through one keep-alive pool. Thread-safe."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pool: Any = None

    def pipelines(self, line: Line, url: str, seconds: float) -> tuple[Pipeline, ...]:
        """Every connector that this worker knows of. Raises Failed; ends when ``line`` is cut."""
        where = where_of(url)
        status, body = self._get(f"{url.rstrip('/')}/connectors?expand=status", where, seconds)
        if status != 200:
            kind = kind_of_status(status)
            raise Failed(kind, f"{where}: status {status}{_said(body)}", advice=ADVICE.get(kind, ""), status=status)
        try:
            found = msgspec.json.decode(body, type=dict[str, _Expanded])
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _failed(FailureKind.PROTOCOL, f"{where} does not answer like Kafka Connect") from error
        return tuple(_pipeline(name, expanded.status) for name, expanded in sorted(found.items()))

    def close(self) -> None:
        if self._pool is not None:
            self._pool.clear()

    def _get(self, url: str, where: str, seconds: float) -> tuple[int, bytes]:
        headers = {"Accept": "application/json", **_credentials(self._settings)}
        try:
            said = self._opened().urlopen(
                "GET", url, headers=headers, timeout=seconds, preload_content=False, redirect=False
            )
            body = said.read(LARGEST + 1)
            said.drain_conn() if len(body) <= LARGEST else said.close()
        except Exception as error:  # urllib3's own tree, and whatever a stranger's bytes made of it
            raise _failed(kind_of(error), f"{where}: {innermost(error)}") from error
        if len(body) > LARGEST:
            raise _failed(FailureKind.PROTOCOL, f"{where}: an answer of more than {LARGEST >> 20} MiB")
        return int(said.status), bytes(body)

    def _opened(self) -> Any:
        imported("urllib3")
        from urllib3 import PoolManager

        if self._pool is None:
            ca_file = self._settings.connect_ca_file
            self._pool = PoolManager(retries=False, ca_certs=str(Path(ca_file).expanduser()) if ca_file else None)
            self._pool.pool_classes_by_scheme = dict(pool_classes())
        return self._pool


def where_of(url: str) -> str:
    """The address, without credentials that somebody may have put into it."""
    return urlsplit(url).netloc.rpartition("@")[2]


def wrong(settings: Settings) -> str:
    """Why the settings about Connect cannot work; "" where they can."""
    for url in settings.connect:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            return 'an address of connect is not like "http://host:8083"'  # not echoed: it may hold a password
        if parts.username or parts.password:
            return "no credentials in connect; use connect_user and connect_password"
    if bool(settings.connect_user) != bool(settings.connect_password):
        return "connect_user and connect_password go together"
    if settings.connect_token and settings.connect_user:
        return "either connect_token, or connect_user and connect_password"
    file = settings.connect_ca_file
    return f"no such file: {file}" if file and not Path(file).expanduser().is_file() else ""


def _credentials(settings: Settings) -> Mapping[str, str]:
    from urllib3 import make_headers

    if settings.connect_token is not None:
        return {"Authorization": f"Bearer {_revealed(settings.connect_token)}"}
    if settings.connect_password is not None:
        return dict(make_headers(basic_auth=f"{settings.connect_user}:{_revealed(settings.connect_password)}"))
    return {}


def _revealed(secret: Secret) -> str:
    try:
        return secret.reveal()
    except MissingSecret as error:
        raise _failed(FailureKind.EXPIRED, str(error)) from error


def _failed(kind: FailureKind, reason: str) -> Failed:
    return Failed(kind, one_line(reason), advice=ADVICE.get(kind, ""))


def _said(body: bytes) -> str:
    """What a refusal says of itself."""
    try:
        message = msgspec.json.decode(body, type=_Refusal).message
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    return f": {one_line(message, 120)}" if message else ""


def _pipeline(name: str, status: _Status) -> Pipeline:
    place = status.connector
    tasks = tuple(
        Task(task.id, one_line(task.state, 24), one_line(task.worker_id, 80), _first_line(task.trace))
        for task in sorted(status.tasks, key=lambda task: task.id)
    )
    worker = one_line(place.worker_id, 80)
    return Pipeline(name, one_line(place.state, 24), one_line(status.type, 24), worker, _first_line(place.trace), tasks)


def _first_line(trace: str) -> str:
    return one_line(trace[: 4 * LONGEST].strip().partition("\n")[0], LONGEST)
