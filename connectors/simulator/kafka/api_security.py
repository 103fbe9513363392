"""Who a client is, and which access rules there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kafka.protocol.admin import DescribeAclsResponse
from kafka.protocol.sasl import SaslAuthenticateResponse, SaslHandshakeResponse

from connectors.simulator.kafka.codes import Code
from connectors.simulator.kafka.rights import Right
from connectors.simulator.kafka.scram import Unproved
from connectors.simulator.kafka.session import Message, Session

ANY = 1  # of a filter's kinds
TOPIC, GROUP, CLUSTER = 2, 3, 4  # kinds of resource
ALLOW, LITERAL = 3, 3
_OPERATIONS = {Right.READ: 3, Right.WRITE: 4, Right.DESCRIBE: 8, Right.ADMIN: 7}  # ADMIN as ALTER


def sasl_handshake(session: Session, request: Message, version: int) -> Message:
    error = Code.NONE
    mechanisms = session.accounts.mechanisms if session.accounts else ()
    if session.accounts is None or session.user:
        error = Code.ILLEGAL_SASL_STATE
    elif request.mechanism not in mechanisms:
        error = Code.UNSUPPORTED_SASL_MECHANISM
    else:
        session.exchange = session.accounts.exchange(request.mechanism)
        session.bare_tokens = version == 0
    return SaslHandshakeResponse(version=version, error_code=error, mechanisms=list(mechanisms))


def sasl_authenticate(session: Session, request: Message, version: int) -> Message:
    """After a refusal the connection is closed, once the answer is out."""
    if session.exchange is None:
        return _refused(session, version, Code.ILLEGAL_SASL_STATE, "SaslAuthenticate without a SaslHandshake")
    try:
        token = session.prove(bytes(request.auth_bytes))
    except Unproved as error:
        return _refused(session, version, Code.SASL_AUTHENTICATION_FAILED, str(error))
    return SaslAuthenticateResponse(version=version, error_code=Code.NONE, error_message=None, auth_bytes=token)


def _refused(session: Session, version: int, error: Code, why: str) -> Message:
    session.closing = True
    return SaslAuthenticateResponse(version=version, error_code=error, error_message=why, auth_bytes=b"")


def describe_acls(session: Session, request: Message, version: int) -> Message:
    """Without rules a real broker has no authorizer, and says so."""
    rules = session.rules
    if not rules:
        return DescribeAclsResponse(
            version=version,
            error_code=Code.SECURITY_DISABLED,
            error_message="No Authorizer is configured.",
            resources=[],
        )
    wanted = [kind for kind in (TOPIC, GROUP, CLUSTER) if request.resource_type_filter in (ANY, kind)]
    resources = [_rules_for(kind, request, rules) for kind in wanted]
    return DescribeAclsResponse(
        version=version,
        error_code=Code.NONE,
        error_message=None,
        resources=[resource for resource in resources if resource.acls],
    )


def _rules_for(kind: int, request: Message, rules: Mapping[str, frozenset[Right]]) -> Message:
    shape = DescribeAclsResponse.DescribeAclsResource
    found = [
        shape.AclDescription(principal=principal, host="*", operation=operation, permission_type=ALLOW)
        for principal, operation in _allowed(rules)
        if request.principal_filter in (None, principal) and request.operation in (ANY, operation)
    ]
    name = "kafka-cluster" if kind == CLUSTER else "*"
    named = request.resource_name_filter in (None, name)
    return shape(resource_type=kind, resource_name=name, pattern_type=LITERAL, acls=found if named else [])


def _allowed(rules: Mapping[str, frozenset[Right]]) -> Iterator[tuple[str, int]]:
    for user, rights in sorted(rules.items()):
        for right in sorted(rights, key=lambda right: right.value):
            yield f"User:{user}", _OPERATIONS[right]
