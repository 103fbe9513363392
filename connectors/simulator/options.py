"""How an estate's servers differ from plain ones, read from a file: security, replicas, refusals, more controllers.

For `seawall simulate --with FILE`: what a console or a client must cope with in production is a few lines here.
"""

from __future__ import annotations

import ssl
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from connectors.simulator.kafka.options import KafkaOptions, Security
from connectors.simulator.kafka.rights import Right
from connectors.simulator.kubernetes.options import Denial, KubernetesOptions
from connectors.simulator.redis.options import RedisOptions

Count = Annotated[int, msgspec.Meta(ge=0, le=10_000)]
Seconds = Annotated[float, msgspec.Meta(gt=0)]


class BadOptions(ValueError):
    """The file says nothing that an estate could be. The message names the file and what was expected."""


@dataclass(frozen=True, slots=True)
class Options:
    """What each wire is given. The defaults are plain servers."""

    kafka: KafkaOptions = field(default_factory=KafkaOptions)
    redis: RedisOptions = field(default_factory=RedisOptions)
    kubernetes: KubernetesOptions = field(default_factory=KubernetesOptions)


PLAIN = Options()


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    certificate: str = ""  # PEM files, beside the one that names them; both or neither
    key: str = ""


class _Kafka(_Table, frozen=True, kw_only=True):
    security: Security = "PLAINTEXT"
    users: dict[str, str] = {}
    rights: dict[str, tuple[Literal["describe", "read", "write", "admin"], ...]] = {}


class _Redis(_Table, frozen=True, kw_only=True):
    users: dict[str, str] = {}
    password: str | None = None
    replicas: Annotated[int, msgspec.Meta(ge=0, le=5)] = 0
    cluster: bool = False


class _Kubernetes(_Table, frozen=True, kw_only=True):
    deny: tuple[Denial, ...] = ()
    token_seconds: Seconds | None = None
    exec_plugin: bool = False
    gitops: bool = False
    keda: bool = False
    pods: Count = 0


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kafka: _Kafka = _Kafka()
    redis: _Redis = _Redis()
    kubernetes: _Kubernetes = _Kubernetes()


def read_options(path: Path) -> Options:
    """The options in a TOML file. Raises BadOptions, and OSError where the file cannot be read."""
    try:
        file = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _File)
        return Options(_kafka(file.kafka, path), _redis(file.redis, path), _kubernetes(file.kubernetes, path))
    except (ValueError, ssl.SSLError) as error:  # also what is no UTF-8, TOML, or of the wrong shape
        raise BadOptions(f"{path}: {error}") from error


def _kafka(table: _Kafka, path: Path) -> KafkaOptions:
    rights = {user: frozenset(Right[right.upper()] for right in rights) for user, rights in table.rights.items()}
    return KafkaOptions(security=table.security, users=table.users, tls=_tls(table, path), rights=rights)


def _redis(table: _Redis, path: Path) -> RedisOptions:
    return RedisOptions(
        users=table.users,
        password=table.password,
        tls=_tls(table, path),
        replicas=table.replicas,
        cluster=table.cluster,
    )


def _kubernetes(table: _Kubernetes, path: Path) -> KubernetesOptions:
    authority = path.with_name(table.certificate).read_text(encoding="ascii") if table.certificate else ""
    return KubernetesOptions(
        deny=table.deny,
        token_seconds=table.token_seconds,
        exec_plugin=table.exec_plugin,
        gitops=table.gitops,
        keda=table.keda,
        pods=table.pods,
        tls=_tls(table, path),
        authority=authority,
    )


def _tls(table: _Table, path: Path) -> ssl.SSLContext | None:
    """The server's side of the line; None for a plain one."""
    if not (table.certificate or table.key):
        return None
    if not (table.certificate and table.key):
        raise ValueError("certificate and key: both or neither")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path.with_name(table.certificate), path.with_name(table.key))
    return context
