"""What a Kafka client, its socket or its handshake raised, as the project's Failed: kind, reason, advice."""

from __future__ import annotations

from connectors.failure import Failed, kind_of, one_line
from console.model.snapshot import FailureKind

ADVICE = {
    FailureKind.REFUSED: "check that the brokers run and that bootstrap names the right port",
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
    return failed(_kind(error), f"{where}: {error}" if str(error) else f"{where}: {type(error).__name__}")


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
