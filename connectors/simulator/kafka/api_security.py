"""SASL PLAIN, for an estate that asks for a password."""

from __future__ import annotations

from kafka.protocol.sasl import SaslAuthenticateResponse, SaslHandshakeResponse

from connectors.simulator.kafka.codes import Code
from connectors.simulator.kafka.session import Message, Session

MECHANISMS = ["PLAIN"]


def sasl_handshake(session: Session, request: Message, version: int) -> Message:
    known = request.mechanism in MECHANISMS
    session.mechanism = request.mechanism if known else ""
    error = Code.NONE if known else Code.UNSUPPORTED_SASL_MECHANISM
    return SaslHandshakeResponse(version=version, error_code=error, mechanisms=MECHANISMS)


def sasl_authenticate(session: Session, request: Message, version: int) -> Message:
    """The token is ``[authzid] NUL user NUL password`` (RFC 4616)."""
    given = bytes(request.auth_bytes).split(b"\0")
    wanted = session.credentials
    session.entered = bool(session.mechanism) and (
        wanted is None or given[1:] == [wanted.user.encode(), wanted.password.encode()]
    )
    return SaslAuthenticateResponse(
        version=version,
        error_code=Code.NONE if session.entered else Code.SASL_AUTHENTICATION_FAILED,
        error_message=None if session.entered else "Authentication failed: Invalid username or password",
        auth_bytes=b"",
    )
