"""One API server over the official client's transport: its kubeconfig, TLS and authentication, and raw bytes.

Each request has a connect and a read timeout, none is retried by the client (its default retries quadruple every
timeout), and whatever goes wrong comes out as ``Failed`` with its kind. Used in a bulkhead's threads only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from connectors.deadline import pool_classes
from connectors.failure import Failed, innermost, kind_of, kind_of_status, one_line, unsent
from connectors.kubernetes.login import Login, log_in
from connectors.kubernetes.objects import Autoscalers, Json, Named, Status, Workloads
from console.model.snapshot import FailureKind

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

T = TypeVar("T")
Listed = TypeVar("Listed", Workloads, Autoscalers)

THREADS = 4
CONNECT = 1.0  # seconds
PAGE = 500  # objects a page: the server's own chunk; 92 MB for 10,000 pods against 1.3 GB in one typed list
MERGE_PATCH = "application/merge-patch+json"
FIELD_MANAGER = "seawall"
IDENTITY = "/api/v1/namespaces/kube-system"


class Unsent(Failed):
    """The request certainly never left this machine."""


class Api:
    """One login. ``identity`` is the cluster's, for as long as this login lasts."""

    def __init__(self, kubeconfig: str | None, context: str | None, timeout: float) -> None:
        """Imports the client, reads the kubeconfig, asks the cluster who it is; Failed says what is wrong."""
        from kubernetes.client import ApiClient

        self._login: Login = log_in(kubeconfig, context)
        configuration = self._login.configuration
        configuration.retries = False
        configuration.connection_pool_maxsize = THREADS + 1  # the reading threads, and the writing one
        self._timeout = timeout
        self._client: ApiClient = ApiClient(configuration)
        self._client.user_agent = "seawall"
        self._client.rest_client.pool_manager.pool_classes_by_scheme = dict(pool_classes())
        self.server: str = configuration.host
        self.identity = self.ask_identity()

    @property
    def context(self) -> str:
        return self._login.context

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
        return _decode(self._send("GET", path, query, accept=accept), type_, path)

    def list_all(self, path: str, type_: type[Listed]) -> tuple[Listed, ...]:
        """All pages of a list."""
        pages: list[Listed] = []
        query = [("limit", str(PAGE))]
        while True:
            pages.append(self.get(path, type_, query))
            if not pages[-1].metadata.continue_:
                return tuple(pages)
            query = [("limit", str(PAGE)), ("continue", pages[-1].metadata.continue_)]

    def patch(self, path: str, body: Json, type_: type[T]) -> T:
        """A merge-patch in our name. ``Unsent``, or ``Failed`` with a status from 400 to 499: nothing happened."""
        query = (("fieldManager", FIELD_MANAGER),)
        return _decode(self._send("PATCH", path, query, body, MERGE_PATCH), type_, path)

    def post(self, path: str, body: Json, type_: type[T]) -> T:
        return _decode(self._send("POST", path, (), body, "application/json"), type_, path)

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
        from kubernetes.client import ApiException
        from urllib3.exceptions import HTTPError

        headers = {"Accept": accept or "application/json"} | ({"Content-Type": content} if content else {})
        try:
            request: tuple[Any, ...] = self._client.param_serialize(
                method, path, query_params=list(query), header_params=headers, body=body, auth_settings=["BearerToken"]
            )
            response = self._client.call_api(*request, _request_timeout=(CONNECT, self._timeout))
            data: bytes = response.read() or b""
        except (ApiException, HTTPError, OSError) as error:
            raise _failed(error, self.server) from error
        if not 200 <= response.status < 300:
            raise _refused(response.status, data, response.reason or "")
        return data


def _failed(error: BaseException, server: str) -> Failed:
    kind = kind_of(error)
    made = Unsent if unsent(error) else Failed
    return made(kind, f"{server}: {innermost(error)}", advice=_ADVICE.get(kind, ""))


def _refused(status: int, body: bytes, phrase: str) -> Failed:
    try:
        said = msgspec.json.decode(body, type=Status).message
    except msgspec.DecodeError:
        said = ""  # a proxy's page, not the API server's Status
    kind = kind_of_status(status)
    return Failed(kind, f"{status} {one_line(said or phrase)}".strip(), status=status, advice=_ADVICE.get(kind, ""))


def _decode(data: bytes, type_: type[T], path: str) -> T:
    try:
        return msgspec.json.decode(data, type=type_)
    except msgspec.DecodeError as error:
        raise Failed(FailureKind.PROTOCOL, f"{path}: not an answer of the Kubernetes API ({error})") from error


_ADVICE = {
    FailureKind.REFUSED: "is the cluster up, and the tunnel to it?",
    FailureKind.NAME: "check the server of the kubeconfig's context",
    FailureKind.TLS: "check the certificates in the kubeconfig",
    FailureKind.EXPIRED: "log in again",
    FailureKind.FORBIDDEN: "ask for a role that may read deployments and autoscalers",
}
