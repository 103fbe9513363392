"""Where servers are: as the config says it, as they name each other, and as they are reached from here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from connectors import ConnectorError
from connectors.address import aimed, joined, mapped, split
from connectors.secret import MissingSecret, Secret
from connectors.settings.redis import Settings

PORT = 6379
SENTINEL_PORT = 26379
HOST = re.compile(r"[A-Za-z0-9._:%-]{1,253}")


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """A server; ``port`` 0: ``host`` is the path of a socket in the file system."""

    host: str
    port: int = PORT

    def __str__(self) -> str:
        if not self.port:
            return self.host
        return joined(self.host, self.port)

    def beside(self, other: Address) -> Address:
        """As one server names another: without a host, it is where the first one is."""
        return self if self.host else Address(other.host, self.port)

    def mapped(self, by: Mapping[str, str]) -> Address:
        """Where it is reached from here."""
        return parse(mapped(str(self), by)) if self.port else self


def parse(text: str, port: int = PORT) -> Address:
    """``host``, ``host:port`` or ``[host]:port``; ValueError for anything else.

    >>> str(parse("[::1]:7000")), str(parse("cache"))
    ('[::1]:7000', 'cache:6379')
    """
    host, there = split(text, port)
    if not HOST.fullmatch(host):
        raise ValueError("a host's name cannot have such characters")
    return Address(host, there)


def told(host: str, port: int | None) -> Address | None:
    """A server as another one names it; None for what cannot be an address: it is sent credentials."""
    return Address(host, port) if port and 0 < port < 65536 and HOST.fullmatch(host) else None


def seeds(settings: Settings) -> tuple[Address, ...]:
    """The servers with data that the config names; none where Sentinels know them."""
    if settings.url:
        parts = urlsplit(settings.url)
        if parts.scheme == "unix":
            return (Address(parts.path, 0),)
        return (Address(parts.hostname or "", parts.port or PORT),)
    return tuple(parse(node) for node in settings.nodes)


def watchers(settings: Settings) -> tuple[Address, ...]:
    """The Sentinels."""
    return tuple(parse(sentinel, SENTINEL_PORT) for sentinel in settings.sentinels)


def is_cluster(settings: Settings) -> bool:
    return settings.cluster or bool(settings.nodes)


def is_sealed(settings: Settings) -> bool:
    """Whether the line is TLS."""
    return settings.tls or settings.url.startswith("rediss:")


def database(settings: Settings) -> int:
    """The number at the end of the url; 0 without one. ValueError where it is none."""
    parts = urlsplit(settings.url)
    said = "" if parts.scheme == "unix" else parts.path.strip("/")
    said = said or parse_qs(parts.query).get("db", [""])[0]
    return int(said) if said else 0


def check(name: str, settings: Settings) -> None:
    """ConnectorError where the settings cannot work. Nothing is imported or sent."""
    ways = (bool(settings.url), bool(settings.nodes), bool(settings.sentinels))
    if sum(ways) != 1:
        raise ConnectorError(f'{name}: one of url, nodes and sentinels says where it is, as in "redis://host:6379/0"')
    _check_url(name, settings)
    _check_names(name, settings)
    if bool(settings.sentinels) != bool(settings.master):
        raise ConnectorError(f"{name}: sentinels and master go together")
    if (settings.user and not settings.password) or (settings.sentinel_user and not settings.sentinel_password):
        raise ConnectorError(f"{name}: user needs a password")
    if not settings.timeout > 0:
        raise ConnectorError(f"{name}: timeout must be more than 0 seconds")
    _check_files(name, settings)
    for secret in (settings.password, settings.sentinel_password):
        _check_secret(name, secret)


def _check_url(name: str, settings: Settings) -> None:
    if not settings.url:
        return
    try:
        parts = urlsplit(settings.url)
        _ = parts.port, database(settings)
    except ValueError as error:
        raise ConnectorError(f"{name}: url cannot be read: {_without(settings.url, str(error))}") from error
    if parts.scheme not in ("redis", "rediss", "unix") or not (parts.hostname or parts.scheme == "unix"):
        raise ConnectorError(f'{name}: url is not like "redis://host:6379/0"')
    if parts.username or parts.password or {"username", "password"} & parse_qs(parts.query).keys():
        raise ConnectorError(f'{name}: no credentials in the url; use user = "…" and password = "env:NAME"')
    unknown = parse_qs(parts.query).keys() - {"db"}
    if unknown:
        raise ConnectorError(f"{name}: the url's {min(unknown)} is not read; TLS is ca_file, cert_file and key_file")


def _without(url: str, said: str) -> str:
    """What urllib said, unless it quotes credentials that stand in the url."""
    return "what stands before the @ is no address" if "@" in url else said


def _check_names(name: str, settings: Settings) -> None:
    try:
        _ = seeds(settings), watchers(settings), [parse(aimed(there, PORT)) for there in settings.address_map.values()]
    except ValueError as error:
        raise ConnectorError(f"{name}: an address cannot be read: {error}") from error


def _check_files(name: str, settings: Settings) -> None:
    if bool(settings.cert_file) != bool(settings.key_file):
        raise ConnectorError(f"{name}: cert_file and key_file go together")
    for file in (settings.ca_file, settings.cert_file, settings.key_file):
        if file and not is_sealed(settings):
            raise ConnectorError(f"{name}: {file} is for TLS: say rediss:// or tls = true")
        if file and not Path(file).expanduser().is_file():
            raise ConnectorError(f"{name}: there is no file {file}")


def _check_secret(name: str, secret: Secret | None) -> None:
    try:
        _ = secret and secret.reveal()
    except MissingSecret as error:
        raise ConnectorError(f"{name}: {error}") from error
