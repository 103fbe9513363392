"""Whether settings can work at all: found at opening, before anything is sent, and said with the setting's name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from connectors import ConnectorError
from connectors.address import aimed, split
from connectors.kafka import rest
from connectors.secret import MissingSecret, Secret
from connectors.settings.kafka import Settings

ANY_PORT = 9092


def check(name: str, settings: Settings) -> None:
    """Raises ConnectorError, one line."""
    for wrong in (_addresses, _credentials, _files, rest.wrong, _secrets):
        said = wrong(settings)
        if said:
            raise ConnectorError(f"{name}: {said}")


def _addresses(settings: Settings) -> str:
    if not settings.bootstrap:
        return "bootstrap names no broker"
    for address in settings.bootstrap:
        if not _holds(split, address):
            return f'bootstrap "{address}" is not like "host:9092"'
    for advertised, target in settings.address_map.items():
        if not _holds(aimed, target, ANY_PORT):
            return f'address_map "{advertised}" = "{target}" is not like "broker-1:9092" = "localhost:19092"'
    return "timeout must be above 0" if settings.timeout <= 0 else ""


def _holds(reader: Callable[..., object], *arguments: object) -> bool:
    try:
        reader(*arguments)
    except ValueError:
        return False
    return True


def _credentials(settings: Settings) -> str:
    granted = (settings.token_url, settings.client_id, settings.client_secret)
    if settings.oauth:
        if bool(settings.token) == bool(settings.token_url):
            return "mechanism OAUTHBEARER takes a token, or token_url with client_id and client_secret"
        if settings.token_url and not all(granted):
            return "token_url, client_id and client_secret go together"
        if settings.token_url and not settings.token_url.startswith(("https://", "http://")):
            return "token_url is not a URL"
        if "@" in urlsplit(settings.token_url).netloc:
            return "token_url has a password in it; it belongs in client_secret"
    elif settings.token or any(granted):
        return 'token and token_url are of mechanism = "OAUTHBEARER"'
    return "user and password go together" if bool(settings.user) != bool(settings.password) else ""


def _files(settings: Settings) -> str:
    for file in (settings.ca_file, settings.cert_file, settings.key_file):
        if file and not Path(file).expanduser().is_file():
            return f"no such file: {file}"
    return "cert_file and key_file are of tls = true" if settings.cert_file and not settings.tls else ""


def _secrets(settings: Settings) -> str:
    for secret in _all_secrets(settings):
        try:
            _ = secret and secret.reveal()
        except MissingSecret as error:
            return str(error)
    return ""


def _all_secrets(settings: Settings) -> tuple[Secret | None, ...]:
    of_connect = (settings.connect_password, settings.connect_token)
    return (settings.password, settings.token, settings.client_secret, settings.key_password, *of_connect)
