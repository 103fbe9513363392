"""What a Kafka client, its socket or its handshake raised, as the project's Failed: kind, reason, advice."""

from __future__ import annotations

import re

from connectors.failure import Failed, innermost, kind_of, one_line
from console.model.snapshot import FailureKind

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
SILENCE = "no answer in time"

ADVICE = {
    FailureKind.REFUSED: "check the port and that brokers run; one that wants TLS or a password hangs up too",
    FailureKind.TIMED_OUT: "check the network path and the brokers' load, or raise timeout",
    FailureKind.NAME: "check bootstrap and the name server; names that only brokers know are mapped in address_map",
    FailureKind.TLS: "check ca_file, cert_file and the broker's certificate, and that this port speaks TLS",
    FailureKind.EXPIRED: "check user, password or token, and mechanism; they are read anew at the next attempt",
    FailureKind.FORBIDDEN: "ask for Describe on the cluster, its topics and groups",
    FailureKind.THROTTLED: "raise interval, or this user's request quota",
    FailureKind.PROTOCOL: "check that bootstrap names a Kafka broker, 2.1 or newer",
}


def failed(kind: FailureKind, reason: str, *, retry_after: float | None = None) -> Failed:
    return Failed(kind, one_line(reason), advice=ADVICE.get(kind, ""), retry_after=retry_after)


def translated(error: Exception, where: str) -> Failed:
    """``where`` names whom we spoke to."""
    if isinstance(error, Failed):
        return failed(error.kind, f"{where}: {error.reason}", retry_after=error.retry_after)
    kind = _kind(error)
    return failed(kind, f"{where}: {SILENCE if kind is FailureKind.TIMED_OUT else words(error)}")


def words(error: Exception) -> str:
    """What an error says, without the client's numbers and class names; those in plain words where it says nothing."""
    name = type(error).__name__
    said = str(error.args[0]) if len(error.args) == 1 and isinstance(error.args[0], str) else ""
    if isinstance(error, OSError) or (error.args and isinstance(error.args[0], OSError)):
        said = innermost(error)
    said = said.removeprefix(f"{name}: ")
    return said or _CAMEL.sub(" ", name.removesuffix("Error")).lower()


def _kind(error: Exception) -> FailureKind:
    from kafka import errors  # imported by now: only the client's own thread comes here

    below = kind_of(error)  # the network's own word wins where there is one
    if below is not FailureKind.PROTOCOL:
        return below
    table: tuple[tuple[tuple[type[Exception], ...], FailureKind], ...] = (
        ((errors.KafkaTimeoutError, errors.RequestTimedOutError), FailureKind.TIMED_OUT),
        ((errors.SaslAuthenticationFailedError, errors.UnsupportedSaslMechanismError), FailureKind.EXPIRED),
        ((errors.AuthorizationError,), FailureKind.FORBIDDEN),
        ((errors.ThrottlingQuotaExceededError,), FailureKind.THROTTLED),
        # A broker that hangs up is as good as one that is gone.
        ((errors.KafkaConnectionError, errors.NodeNotReadyError, ConnectionError), FailureKind.REFUSED),
    )
    return next((kind for classes, kind in table if isinstance(error, classes)), FailureKind.PROTOCOL)
