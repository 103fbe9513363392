"""Questions about rights and about oneself, which are posted and never stored."""

from __future__ import annotations

from connectors.simulator.kubernetes import body
from connectors.simulator.kubernetes.access import Access
from connectors.simulator.kubernetes.kinds import ACCESS, RULES, WHOAMI
from connectors.simulator.kubernetes.message import Body
from connectors.simulator.kubernetes.objects import Object, dig
from connectors.simulator.kubernetes.request import Request
from connectors.simulator.kubernetes.tokens import GROUPS, USER


def reviewed(request: Request, sent: Body, access: Access) -> Object:
    """The review with its status. Other users than ours may do everything."""
    kind = request.kind
    asked = body.review(sent.raw, sent.content_type)
    spec = asked.get("spec", {})
    if kind is WHOAMI:
        status: Object = {"userInfo": {"username": USER, "groups": list(GROUPS)}}
    elif kind is RULES:
        status = access.rules(str(dig(spec, "namespace", default="")))
    elif kind is ACCESS or dig(spec, "user", default=USER) == USER:
        status = access.review(dig(spec, "resourceAttributes", default={}))
    else:
        status = {"allowed": True}
    head = {"kind": kind.name, "apiVersion": kind.api_version(request.version)}
    said = {} if kind is WHOAMI else {"spec": spec}
    return {**head, "metadata": {"creationTimestamp": None}, **said, "status": status}
