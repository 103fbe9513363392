"""What a Kafka client, its socket or its handshake raised, as the project's Failed: kind, reason, advice."""

from __future__ import annotations

import re

from connectors.failure import Failed, kind_of, one_line
from console.model.snapshot import FailureKind

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")

ADVICE = {
    FailureKind.REFUSED: "check the port and that brokers run; one that wants TLS or a password hangs up too",
    FailureKind.TIMED_OUT: "check the network path and the brokers' load",
    FailureKind.NAME: "check the host names in bootstrap, and the name server of this machine",
    FailureKind.TLS: "check ca_file and the broker's certificate, and that this port speaks TLS",
    FailureKind.EXPIRED: "check user, password and mechanism; they are read anew at the next attempt",
    FailureKind.FORBIDDEN: "ask for Describe on the cluster, its topics and groups",
    FailureKind.THROTTLED: "wait, or raise this user's quota",
    FailureKind.PROTOCOL: "check that bootstrap names a Kafka broker, 3.0 or newer",
}


def failed(kind: FailureKind, reason: str) -> Failed:
    return Failed(kind, one_line(reason), advice=ADVICE.get(kind, ""))


def translated(error: Exception, where: str) -> Failed:
    """``where`` names whom we spoke to."""
    return failed(_kind(error), f"{where}: {words(error)}")


def words(error: Exception) -> str:
    """What an error says, without the client's numbers and class names; those in plain words where it says nothing."""
    name = type(error).__name__
    said = str(error.args[0]) if len(error.args) == 1 and isinstance(error.args[0], str) else ""
    if isinstance(error, OSError):
        said = str(error)
    said = said.removeprefix(f"{name}: ")
    return said or _CAMEL.sub(" ", name.removesuffix("Error")).lower()


def _kind(error: Exception) -> FailureKind:
    from kafka import errors  # imported by now: only the client's own thread comes here

    table: tuple[tuple[tuple[type[Exception], ...], FailureKind], ...] = (
        ((errors.KafkaTimeoutError, errors.RequestTimedOutError), FailureKind.TIMED_OUT),
        ((errors.SaslAuthenticationFailedError, errors.UnsupportedSaslMechanismError), FailureKind.EXPIRED),
        ((errors.AuthorizationError,), FailureKind.FORBIDDEN),
        ((errors.ThrottlingQuotaExceededError,), FailureKind.THROTTLED),
        # The network's own word wins where there is one; else a broker that hangs up is as good as one that is gone.
        ((errors.KafkaConnectionError, errors.NodeNotReadyError, ConnectionError), FailureKind.REFUSED),
    )
    own = next((kind for classes, kind in table if isinstance(error, classes)), None)
    return own or kind_of(error)
