"""The API server's HTTP: authentication, the paths beside the resources, answers and streams."""

from __future__ import annotations

import asyncio
import logging
import ssl
from contextlib import aclosing

import msgspec
from aiohttp import web

from connectors.simulator.kubernetes import discovery, openapi, podstreams, refusal
from connectors.simulator.kubernetes.access import Access
from connectors.simulator.kubernetes.api import Api
from connectors.simulator.kubernetes.credential import LOGIN
from connectors.simulator.kubernetes.kinds import POD
from connectors.simulator.kubernetes.message import Body
from connectors.simulator.kubernetes.objects import Object
from connectors.simulator.kubernetes.podstreams import PodStreams
from connectors.simulator.kubernetes.refusal import Refusal
from connectors.simulator.kubernetes.representation import Shown, clauses, negotiated
from connectors.simulator.kubernetes.request import Request, parse
from connectors.simulator.kubernetes.tokens import USER, Tokens
from connectors.simulator.kubernetes.watching import Watches

_log = logging.getLogger(__name__)
_PUBLIC = ("/version", "/healthz", "/livez", "/readyz")  # what the real server shows to anyone
LONGEST_BODY = 3 * 2**20  # bytes, as the real server has it
_WARNINGS = 20  # an answer's; more are left out
_AGGREGATED = "application/json;g=apidiscovery.k8s.io;v={};as=APIGroupDiscoveryList"


class Server:
    """Listens on loopback. One handler for all paths, as Kubernetes' own resource handler is."""

    def __init__(
        self,
        api: Api,
        access: Access,
        tokens: Tokens,
        watches: Watches,
        streams: PodStreams,
        tls: ssl.SSLContext | None = None,
        patience: float = 30.0,
    ) -> None:
        self._api = api
        self._access = access
        self._tokens = tokens
        self._watches = watches
        self._streams = streams
        self._tls = tls
        self._patience = patience
        self._runner: web.ServerRunner | None = None
        self.url = ""

    async def start(self, host: str) -> None:
        """Listens on a free port of ``host``."""
        server = web.Server(
            self._handle,
            handler_cancellation=True,
            access_log=None,
            keepalive_timeout=self._patience,
            lingering_time=0.0,  # a body that was refused is not waited for
            auto_decompress=False,  # nobody is asked to unpack what a few bytes may unfold to
        )
        self._runner = web.ServerRunner(server, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, 0, ssl_context=self._tls).start()
        address = self._runner.addresses[0]
        self.url = f"{'https' if self._tls else 'http'}://{host}:{address[1]}"

    async def stop(self) -> None:
        """Ends all watches and closes the port. May be called twice."""
        self._watches.close()
        self._streams.close()
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def _handle(self, http: web.BaseRequest) -> web.StreamResponse:
        try:
            return await self._answer(http)
        except Refusal as refused:
            return _refused(refused)
        except Exception as error:  # noqa: BLE001 - the boundary: a fault of ours is a 500, as on a real server
            _log.exception("%s %s", http.method, http.path)
            return _refused(refusal.internal(str(error)))

    async def _answer(self, http: web.BaseRequest) -> web.StreamResponse:
        path = http.path.rstrip("/")  # some clients end the paths beside the resources with one
        if path == LOGIN:
            return _json(self._tokens.credential())
        if path not in _PUBLIC:
            self._tokens.authenticate(http.headers.get("Authorization", ""), _certified(http))
        accept = http.headers.get("Accept", "")
        if path in ("/api", "/apis"):
            return _discovered(path, accept, http.host)
        if path == "/openapi/v2":
            return web.Response(body=openapi.second(), content_type=openapi.SECOND)
        beside = _beside(path)
        if beside is not None:
            return beside
        request = parse(http.method, path, http.query)
        _as_oneself(http)
        self._access.authorize(request)
        if request.kind is POD and request.subresource in podstreams.SUBRESOURCES:
            return await self._streams.serve(http, request)
        if request.verb == "watch":
            return await self._watch(http, request)
        form = negotiated(accept, http.query.get("includeObject", ""))
        headers = http.headers
        sent = Body(await self._body(http), headers.get("Content-Type", ""), headers.get("User-Agent", ""))
        answer = self._api.answer(request, sent, form)
        return _warned(_json(answer.body, answer.code), answer.warnings)

    async def _body(self, http: web.BaseRequest) -> bytes:
        """All of the body: 413 for one that is too long, 415 for a packed one, 408 for one that does not come."""
        if http.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise refusal.unsupported(("identity",))
        if (http.content_length or 0) > LONGEST_BODY:
            raise refusal.too_large(LONGEST_BODY)
        found = bytearray()
        try:
            async with asyncio.timeout(self._patience):
                async for part in http.content.iter_any():
                    found += part
                    if len(found) > LONGEST_BODY:
                        raise refusal.too_large(LONGEST_BODY)
        except TimeoutError as error:
            raise refusal.too_slow() from error
        return bytes(found)

    async def _watch(self, http: web.BaseRequest, request: Request) -> web.StreamResponse:
        form = negotiated(http.headers.get("Accept", ""), http.query.get("includeObject", ""))
        self._watches.check(request)
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(http)
        try:
            async with aclosing(self._watches.events(request, form)) as events:
                async for event in events:
                    await response.write(msgspec.json.encode(event) + b"\n")
            await response.write_eof()
        except ConnectionResetError:
            return response  # the client went away, which is how watches end
        return response


def _discovered(path: str, accept: str, host: str) -> web.Response:
    for _, parameters in clauses(accept):
        version = parameters.get("v", "")
        if parameters.get("as") == "APIGroupDiscoveryList" and version in ("v2", "v2beta1"):
            document = discovery.aggregated(path == "/api", version)
            return _json(document, content_type=_AGGREGATED.format(version))
        if not parameters:
            break
    negotiated(accept)
    return _json(discovery.core(host) if path == "/api" else discovery.groups())


def _beside(path: str) -> web.Response | None:
    """The paths that are no resources; None where the path may be one."""
    parts = [part for part in path.split("/") if part]
    if path == "/version":
        return _json(discovery.version())
    if path in _PUBLIC:
        return web.Response(text="ok")
    document: Object | None = None
    match parts:
        case ["openapi", "v3"]:
            document = openapi.index()
        case ["openapi", "v3", "api", version]:
            document = openapi.document("", version)
        case ["openapi", "v3", "apis", group, version]:
            document = openapi.document(group, version)
        case ["api", version]:
            document = discovery.resources("", version)
        case ["apis", group]:
            document = discovery.group(group)
        case ["apis", group, version]:
            document = discovery.resources(group, version)
        case _:
            return None
    if document is None:
        raise refusal.no_such_path()
    return _json(document)


def _json(document: Shown, code: int = 200, content_type: str = "application/json") -> web.Response:
    headers = {"Content-Type": content_type, "Cache-Control": "no-cache, private"}
    return web.Response(body=msgspec.json.encode(document), status=code, headers=headers)


def _certified(http: web.BaseRequest) -> bool:
    """Whether the client showed a certificate that the listener's context accepted."""
    return http.transport is not None and bool(http.transport.get_extra_info("peercert"))


def _as_oneself(http: web.BaseRequest) -> None:
    """403 for who wants to act as somebody else (``kubectl --as``)."""
    others = [value for name, value in http.headers.items() if name.lower().startswith("impersonate-")]
    if others:
        raise refusal.no_impersonation(USER, http.headers.get("Impersonate-User", others[0]))


def _warned(response: web.Response, warnings: tuple[str, ...]) -> web.Response:
    """The answer with its warnings, as RFC 7234 writes them and kubectl prints them."""
    for text in warnings[:_WARNINGS]:
        quoted = text.replace("\\", "\\\\").replace('"', '\\"')
        response.headers.add("Warning", f'299 - "{quoted}"')
    return response


def _refused(refused: Refusal) -> web.Response:
    response = _json(refused.status(), refused.code)
    if refused.code in (429, 504):
        response.headers["Retry-After"] = "1"
    return response
