"""Opening a client: each bootstrap address in turn, within one time for all."""

from __future__ import annotations

import ssl
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.failure import Failed
from connectors.imports import imported
from connectors.kafka.failure import failed
from connectors.kafka.oauth import Tokens
from connectors.kafka.way import Way
from connectors.secret import MissingSecret, Secret
from connectors.settings.kafka import Settings
from console.model.snapshot import FailureKind

if TYPE_CHECKING:
    from connectors.kafka.client import Client

_PROTOCOLS = {(False, False): "PLAINTEXT", (True, False): "SSL", (False, True): "SASL_PLAINTEXT"}  # else SASL_SSL


class Connecting:
    """One attempt, in a worker thread. A client that is ready only after the attempt was abandoned is closed."""

    def __init__(self, settings: Settings, tokens: Tokens | None) -> None:
        self._settings = settings
        self._tokens = tokens
        self._guard = threading.Lock()
        self._abandoned = False

    def load(self) -> None:
        """Imports the client library: a third of a second."""
        imported("connectors.kafka.client")

    def client(self) -> Client:
        """Connects to the first address that answers. Raises Failed: the first failure, or a more telling one."""
        from connectors.kafka.client import Client

        until = time.monotonic() + self._settings.timeout
        way = self._way()
        failures: list[Failed] = []
        for number, address in enumerate(self._settings.bootstrap):
            share = (until - time.monotonic()) / (len(self._settings.bootstrap) - number)
            try:
                return self._handed_over(Client(address, way, max(0.05, share), self._settings.timeout))
            except Failed as failure:
                failures.append(failure)
        raise min(failures, key=_vagueness)

    def abandon(self) -> None:
        """Nobody waits any more."""
        with self._guard:
            self._abandoned = True

    def _handed_over(self, client: Client) -> Client:
        with self._guard:
            if not self._abandoned:
                return client
        client.close()
        raise failed(FailureKind.TIMED_OUT, "connected too late")

    def _way(self) -> Way:
        settings = self._settings
        options: dict[str, object] = {
            "security_protocol": _PROTOCOLS.get((settings.tls, settings.sasl), "SASL_SSL"),
            **self._login(),
        }
        return Way(options, _tls(settings), settings.tls_server_name, settings.address_map)

    def _login(self) -> dict[str, object]:
        settings = self._settings
        if self._tokens is not None:
            from connectors.kafka.bearer import Bearer

            return {"sasl_mechanism": settings.mechanism, "sasl_oauth_token_provider": Bearer(self._tokens)}
        if settings.password is None:
            return {}
        return {
            "sasl_mechanism": settings.mechanism,
            "sasl_plain_username": settings.user,
            "sasl_plain_password": _revealed(settings.password),
        }


def _vagueness(failure: Failed) -> int:
    """An answer says more than silence, and a broker that knows us says more than a port that is closed."""
    telling = (FailureKind.EXPIRED, FailureKind.FORBIDDEN, FailureKind.TLS)
    return 0 if failure.kind in telling else 1


def _tls(settings: Settings) -> ssl.SSLContext | None:
    """Made anew for each attempt: certificates are renewed in their files."""
    if not settings.tls:
        return None
    password = _revealed(settings.key_password) if settings.key_password else ""
    try:
        context = ssl.create_default_context(cafile=_path(settings.ca_file))
        context.check_hostname = settings.check_hostname
        if settings.cert_file:
            # Given always, for OpenSSL would ask for one at the terminal.
            context.load_cert_chain(str(_path(settings.cert_file)), _path(settings.key_file), password)
    except OSError as error:
        raise failed(FailureKind.TLS, f"certificate files: {error}") from error
    return context


def _path(text: str) -> Path | None:
    return Path(text).expanduser() if text else None


def _revealed(secret: Secret) -> str:
    try:
        return secret.reveal()
    except MissingSecret as error:
        raise failed(FailureKind.EXPIRED, str(error)) from error
