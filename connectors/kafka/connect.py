"""Opening a client: each bootstrap address in turn, dialled first, so that a failure says what it was."""

from __future__ import annotations

import ssl
import threading
import time
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.failure import Failed
from connectors.kafka.dial import dial
from connectors.kafka.failure import failed
from connectors.secret import MissingSecret
from connectors.settings.kafka import Settings
from console.model.snapshot import FailureKind

if TYPE_CHECKING:
    from connectors.kafka.client import Client


class Connecting:
    """One attempt, in a worker thread. A client that is ready only after the attempt was abandoned is closed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._guard = threading.Lock()
        self._abandoned = False

    def load(self) -> None:
        """Imports the client library: a third of a second."""
        import_module("connectors.kafka.client")

    def client(self) -> Client:
        """Connects to the first address that answers. Raises Failed: the first failure, or a more telling one."""
        until = time.monotonic() + self._settings.timeout
        tls, options = _tls(self._settings), _options(self._settings)
        failures: list[Failed] = []
        for number, address in enumerate(self._settings.bootstrap):
            share = (until - time.monotonic()) / (len(self._settings.bootstrap) - number)
            try:
                return self._handed_over(_opened(address, tls, options, max(0.05, share)))
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


def _opened(address: str, tls: ssl.SSLContext | None, options: dict[str, object], seconds: float) -> Client:
    from connectors.kafka.client import Client

    start = time.monotonic()
    dial(address, tls, seconds)
    return Client(address, {**options, "ssl_context": tls}, max(0.05, seconds - (time.monotonic() - start)))


def _vagueness(failure: Failed) -> int:
    """An answer says more than silence, and a broker that knows us says more than a port that is closed."""
    telling = (FailureKind.EXPIRED, FailureKind.FORBIDDEN, FailureKind.TLS)
    return 0 if failure.kind in telling else 1


def _tls(settings: Settings) -> ssl.SSLContext | None:
    if not settings.tls:
        return None
    try:
        context = ssl.create_default_context(cafile=_path(settings.ca_file))
        context.check_hostname = settings.check_hostname
        if settings.cert_file:
            context.load_cert_chain(str(_path(settings.cert_file)), _path(settings.key_file))
    except OSError as error:
        raise failed(FailureKind.TLS, f"certificate files: {error}") from error
    return context


def _path(text: str) -> Path | None:
    return Path(text).expanduser() if text else None


def _options(settings: Settings) -> dict[str, object]:
    protocol = {(False, False): "PLAINTEXT", (True, False): "SSL", (False, True): "SASL_PLAINTEXT"}
    sasl = bool(settings.user)
    options: dict[str, object] = {"security_protocol": protocol.get((settings.tls, sasl), "SASL_SSL")}
    if settings.password is not None:
        try:
            password = settings.password.reveal()
        except MissingSecret as error:
            raise failed(FailureKind.EXPIRED, str(error)) from error
        options |= {
            "sasl_mechanism": settings.mechanism,
            "sasl_plain_username": settings.user,
            "sasl_plain_password": password,
        }
    return options
