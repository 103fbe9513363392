"""One API server over the official client's transport: its kubeconfig, TLS and authentication, and raw bytes.

Each request has a connect and a read timeout, none is retried by the client (its default retries quadruple every
timeout), every answer is bounded, and whatever goes wrong comes out as ``Failed`` with its kind. Used in a bulkhead's
threads, and in those of the watches.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from connectors.deadline import pool_classes
from connectors.failure import Failed, innermost, kind_of, unsent
from connectors.http_head import ServerClock
from connectors.imports import imported
from connectors.kubernetes.answer import ADVICE, LARGEST, Listing, decoded, page_of, refused, too_large
from connectors.kubernetes.exec_plugin import Plugins
from connectors.kubernetes.login import Login, log_in
from connectors.kubernetes.objects import Json, Named
from connectors.kubernetes.resources import Resource
from console.model.snapshot import FailureKind

if TYPE_CHECKING:
    from kubernetes.client import ApiClient
    from urllib3 import HTTPResponse

T = TypeVar("T")

THREADS = 8
WATCHES = 48  # a thread and a connection each; what is beyond them is listed
CONNECT = 1.0  # seconds
PAGE = 500  # objects a page: the server's own chunk; 92 MB for 10,000 pods against 1.3 GB in one typed list
CHUNK = 1 << 20  # bytes
MERGE_PATCH = "application/merge-patch+json"
FIELD_MANAGER = "seawall"
IDENTITY = "/api/v1/namespaces/kube-system"

_PATIENCE = (("TCP_KEEPIDLE", 10), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3))  # seconds, seconds, probes
_ALIVE = (  # a peer that is gone is noticed in 25 s, also on a watch on which nothing happens
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    *((socket.IPPROTO_TCP, getattr(socket, name), value) for name, value in _PATIENCE if hasattr(socket, name)),
)


class Unsent(Failed):
    """The request certainly never left this machine."""


class Api:
    """One login. ``identity`` is the cluster's, for as long as this login lasts."""

    def __init__(
        self,
        kubeconfig: str | None,
        context: str | None,
        timeout: float,
        wall: Callable[[], float] = time.time,
        plugins: Plugins | None = None,
    ) -> None:
        """Imports the client, reads the kubeconfig, asks the cluster who it is; Failed says what is wrong."""
        imported("kubernetes.client")
        from kubernetes.client import ApiClient

        self._login: Login = log_in(kubeconfig, context, plugins)
        configuration = self._login.configuration
        configuration.retries = False
        configuration.connection_pool_maxsize = THREADS + WATCHES + 1  # and the writing one
        configuration.socket_options = list(_ALIVE)
        self._timeout = timeout
        self._client: ApiClient = ApiClient(configuration)
        self._client.user_agent = "seawall"
        pools = self._client.rest_client.pool_manager
        pools.pool_classes_by_scheme = pool_classes(pools.pool_classes_by_scheme)
        if self._login.tls is not None:
            pools.connection_pool_kw["ssl_context"] = self._login.tls
        self.server: str = configuration.host
        self._wall = wall
        self._told = ServerClock()
        self.identity = self.ask_identity()

    @property
    def context(self) -> str:
        return self._login.context

    @property
    def namespace(self) -> str:
        """The context's own."""
        return self._login.namespace

    @property
    def verified(self) -> bool:
        """False where the kubeconfig says to take whatever certificate comes."""
        return bool(self._login.configuration.verify_ssl)

    @property
    def skew(self) -> float | None:
        """Seconds that the server's clock is ahead of ours; None: it does not tell its time."""
        return self._told.skew

    def expired(self, wall: float) -> bool:
        """Whether a plug-in's credentials end within half a minute, so that it is time to log in again."""
        return self._login.expires is not None and wall > self._login.expires - 30

    def ask_identity(self) -> str:
        """The uid of the namespace kube-system, which lives as long as its cluster.

        Where it may not be read, the server's address stands in for it: weaker, and better than nothing.
        """
        try:
            return self.get(IDENTITY, Named).metadata.uid
        except Failed as failed:
            if failed.kind in (FailureKind.FORBIDDEN, FailureKind.NOT_FOUND):
                return self.server
            raise

    def get(self, path: str, type_: type[T], query: Sequence[tuple[str, str]] = (), accept: str = "") -> T:
        return decoded(self._send("GET", path, query, accept=accept), type_, path)

    def text(self, path: str, query: Sequence[tuple[str, str]]) -> bytes:
        """An answer that is no document, as it came: a log."""
        return self._send("GET", path, query, accept="*/*")

    def page(
        self, resource: Resource, namespace: str, after: str = "", limit: int = PAGE
    ) -> tuple[Listing[Any], tuple[str, ...]]:
        """One page of a list, from the beginning or where another page said that it goes on; what cannot be read."""
        path = resource.path(namespace)
        query = [*resource.query, ("limit", str(limit)), *([("continue", after)] if after else [])]
        return page_of(self._send("GET", path, query), resource.type, path)

    def patch(self, path: str, body: Json, type_: type[T]) -> T:
        """A merge-patch in our name. ``Unsent``, or ``Failed`` with a status from 400 to 499: nothing happened."""
        query = (("fieldManager", FIELD_MANAGER),)
        return decoded(self._send("PATCH", path, query, body, MERGE_PATCH), type_, path)

    def dry_run(self, path: str) -> None:
        """A patch that changes nothing, sent so that it could not: Failed with what the real one would meet."""
        query = (("fieldManager", FIELD_MANAGER), ("dryRun", "All"))
        self._send("PATCH", path, query, {}, MERGE_PATCH)

    def post(self, path: str, body: Json, type_: type[T]) -> T:
        return decoded(self._send("POST", path, (), body, "application/json"), type_, path)

    def stream(self, path: str, query: Sequence[tuple[str, str]], quiet: float) -> HTTPResponse:
        """An answer that goes on: the caller reads it, and closes it. ``quiet``: wall seconds without a byte that
        end it."""
        response = self._request("GET", path, query, None, "", "", quiet)
        if response.status != 200:
            raise self._refused(response, path)
        return response

    def reading(self, response: HTTPResponse) -> bytes:
        """What has come of a stream, at most a chunk; b"" at its end."""
        from urllib3.exceptions import HTTPError

        try:
            return response.read1(CHUNK)
        except (HTTPError, OSError, ValueError) as error:  # ValueError: of a file that was closed under it
            raise _failed(error, self.server) from error

    def close(self) -> None:
        self._client.close()

    def _send(
        self,
        method: str,
        path: str,
        query: Sequence[tuple[str, str]] = (),
        body: Json | None = None,
        content: str = "",
        accept: str = "",
    ) -> bytes:
        response = self._request(method, path, query, body, content, accept, self._timeout)
        if not 200 <= response.status < 300:
            raise self._refused(response, path)
        return self._body(response, path)

    def _request(
        self,
        method: str,
        path: str,
        query: Sequence[tuple[str, str]],
        body: Json | None,
        content: str,
        accept: str,
        timeout: float,
    ) -> HTTPResponse:
        from kubernetes.client import ApiException
        from urllib3.exceptions import HTTPError

        headers = {"Accept": accept or "application/json"} | ({"Content-Type": content} if content else {})
        sent = self._wall()
        try:
            request: tuple[Any, ...] = self._client.param_serialize(
                method, path, query_params=list(query), header_params=headers, body=body, auth_settings=["BearerToken"]
            )
            answer = self._client.call_api(*self._disguised(request), _request_timeout=(CONNECT, timeout))
        except (ApiException, HTTPError, OSError) as error:
            raise _failed(error, self.server) from error
        response: HTTPResponse = answer.response
        self._told.hear(response.headers.get("Date", ""), sent, self._wall())
        return response

    def _disguised(self, request: tuple[Any, ...]) -> tuple[Any, ...]:
        """With the headers of impersonation: a group each, so a dictionary does not do."""
        from urllib3 import HTTPHeaderDict

        if not self._login.headers:
            return request
        method, url, headers, *rest = request
        more = HTTPHeaderDict(headers)
        for name, value in self._login.headers:
            more.add(name, value)
        return method, url, more, *rest

    def _refused(self, response: HTTPResponse, path: str) -> Failed:
        return refused(response.status, self._body(response, path), response.reason or "", response.headers)

    def _body(self, response: HTTPResponse, path: str) -> bytes:
        """All of it; Failed where it has no end, or ends too early. Read to its end, its connection is free again."""
        from urllib3.exceptions import HTTPError

        parts: list[bytes] = []
        size = 0
        try:
            while part := response.read(CHUNK):
                parts.append(part)
                size += len(part)
                if size > LARGEST:
                    raise too_large(path)
        except (HTTPError, OSError) as error:
            raise _failed(error, self.server) from error
        finally:
            response.close() if size > LARGEST else response.release_conn()
        return b"".join(parts)


def _failed(error: BaseException, server: str) -> Failed:
    kind = kind_of(error)
    made = Unsent if unsent(error) else Failed
    return made(kind, f"{server}: {innermost(error)}", advice=ADVICE.get(kind, ""))
