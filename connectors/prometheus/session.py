"""The requests session under PrometheusConnect: whom we are, how much we take, and what we do not follow.

PrometheusConnect as it comes retries by itself, waits ten times its timeout for a server that hangs, keeps ten
connections, and reads answers of any size. So it gets its own session: no retries, a pool as wide as the bulkhead,
sockets that the total deadline can shut, and a hook that reads an answer up to a bound, before anything else does,
and turns a status into what it means. No redirect is followed: an API has none, and credentials stay where they are
meant to be.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urljoin, urlsplit

from connectors.deadline import pool_classes
from connectors.failure import Failed, innermost, kind_of, one_line
from connectors.http_head import retry_after
from connectors.prometheus.reply import PAGE, BadQuery, page, refusal
from connectors.prometheus.tls import files
from connectors.secret import MissingSecret, Secret
from connectors.settings.prometheus import Settings
from console.model.snapshot import FailureKind

if TYPE_CHECKING:
    import requests

LARGEST = 8 * 2**20  # bytes of an answer, packed or not; forty numbers take 10 kB, a thousand alerts 1 MB
LONGEST_URL = 2000  # bytes of parameters; what is longer goes as a form (proxies take 4 to 8 kB of a URL)
NO_FORM = (403, 405, 501)  # of a proxy that lets only reading through; Kubernetes' own calls a POST "create"
CHUNK = 65536
Heard = Callable[["requests.Response"], None]


def open_session(settings: Settings, heard: Heard) -> requests.Session:
    """``heard`` is called with every complete answer of status 200, and with its head. Failed where a secret is gone.

    Reads the secrets, imports the client, sends nothing.
    """
    import requests

    class Session(requests.Session):
        forms = True  # until a POST was refused

        def request(self, method: str, url: str, params: Any = None, **others: Any) -> requests.Response:  # type: ignore[override]
            every = {**settings.params, **(params or {})}
            if self.forms and len(urlencode(every)) > LONGEST_URL:
                try:
                    return super().request("POST", url, data=every, **others)
                except Failed as failed:
                    if failed.status not in NO_FORM:
                        raise
                    self.forms = False
            return super().request(method, url, params=every, **others)

    session = Session()
    session.auth = _auth(settings)
    session.headers.update(_headers(settings))
    # Proxies and authorities of the environment, once: requests would look them up anew for each request (a quarter of
    # its time), and take credentials from .netrc.
    environment = session.merge_environment_settings(settings.url, {}, None, None, None)
    found = files(settings, key_password(settings))
    session.proxies, session.verify = environment["proxies"], found.ca or environment["verify"]
    if settings.proxy:
        session.proxies = {"http": settings.proxy, "https": settings.proxy}
    if found.cert:
        session.cert = (found.cert, found.key)
    session.trust_env = False
    session.stream = True
    session.hooks["response"].append(_taking(settings.url, heard))
    return session


def adapter(settings: Settings, threads: int) -> requests.adapters.HTTPAdapter:
    """No retries, and connections (a proxy's too) that the deadline can shut."""
    from requests.adapters import HTTPAdapter
    from urllib3.util.retry import Retry

    password = key_password(settings)
    unlocked: dict[str, Any] = {"key_password": password} if password else {}

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **others: Any) -> None:
            super().init_poolmanager(connections, maxsize, block, **others, **unlocked)
            self.poolmanager.pool_classes_by_scheme = dict(pool_classes())

        def proxy_manager_for(self, proxy: str, **others: Any) -> Any:
            known = proxy in self.proxy_manager
            manager = super().proxy_manager_for(proxy, **others, **({} if known else unlocked))
            manager.pool_classes_by_scheme = dict(pool_classes()) if not known else manager.pool_classes_by_scheme
            return manager

        def close(self) -> None:
            """Now; urllib3 by itself waits until nobody, not even a traceback, knows the pool any more."""
            for manager in (self.poolmanager, *self.proxy_manager.values()):
                for key in manager.pools.keys():  # noqa: SIM118 - it can be asked for its keys, not iterated over
                    manager.pools[key].close()
            super().close()

    return Adapter(pool_connections=2, pool_maxsize=threads, max_retries=Retry(0, read=False))


def key_password(settings: Settings) -> str:
    """Of an encrypted key; "" without one."""
    return "" if settings.key_password is None else _revealed(settings.key_password)


def _auth(settings: Settings) -> Any:
    from requests.auth import AuthBase, HTTPBasicAuth

    class Bearer(AuthBase):
        def __init__(self, token: str) -> None:
            self._token = token

        def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
            request.headers["Authorization"] = f"Bearer {self._token}"
            return request

    if settings.token is not None:
        return Bearer(_in_a_header("token", settings.token))
    if settings.user and settings.password is not None:
        # As bytes: requests would write latin-1, and servers read UTF-8 (RFC 7617).
        return HTTPBasicAuth(settings.user.encode(), _revealed(settings.password).encode())
    return None


def _headers(settings: Settings) -> dict[str, str]:
    headers = {name: _in_a_header(f"header {name}", secret) for name, secret in settings.headers.items()}
    return {**headers, **({"X-Scope-OrgID": settings.tenant} if settings.tenant else {})}


def _in_a_header(what: str, secret: Secret) -> str:
    """The secret, checked here: a client's own complaint would quote it."""
    text = _revealed(secret)
    if not (text.isascii() and text.isprintable() and text == text.strip()):
        raise Failed(FailureKind.EXPIRED, f"{what}: {secret.reference} has characters that no header takes")
    return text


def _revealed(secret: Secret) -> str:
    try:
        return secret.reveal()
    except MissingSecret as error:
        raise Failed(FailureKind.EXPIRED, str(error)) from error


def _taking(url: str, heard: Heard) -> Callable[..., None]:
    """The hook. It leaves the body where requests looks for it, or raises Failed."""

    def take(response: requests.Response, *_: object, **__: object) -> None:
        try:
            body = _body(response)
        finally:
            response.close()
        _check(url, response, body)
        response.raw = io.BytesIO(body)
        response.headers.pop("Content-Encoding", None)
        heard(response)

    return take


def _body(response: requests.Response) -> bytes:
    """The whole of it, unpacked, within ``LARGEST``."""
    from urllib3.exceptions import HTTPError

    body = bytearray()
    try:
        for chunk in response.raw.stream(CHUNK, decode_content=False):
            body += chunk
            if len(body) > LARGEST:
                raise _too_large()
    except HTTPError as error:
        raise Failed(kind_of(error), f"the answer broke off: {innermost(error)}") from error
    return _unpacked(bytes(body), response.headers.get("Content-Encoding", ""))


def _unpacked(body: bytes, encoding: str) -> bytes:
    if encoding.lower() in ("", "identity") or not body:
        return body
    if encoding.lower() not in ("gzip", "x-gzip", "deflate"):
        raise Failed(FailureKind.PROTOCOL, f"an answer packed as {one_line(encoding, 20)!r}, which nobody asked for")
    unpacking = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    try:
        plain = unpacking.decompress(body, LARGEST + 1)
    except zlib.error as error:
        raise Failed(FailureKind.PROTOCOL, "an answer that cannot be unpacked") from error
    if len(plain) > LARGEST:
        raise _too_large()
    if not unpacking.eof:
        raise Failed(FailureKind.PROTOCOL, "the answer broke off: a part of what was packed is missing")
    return plain


def _too_large() -> BadQuery:
    return BadQuery(f"an answer of more than {LARGEST // 2**20} MiB")


def _check(url: str, response: requests.Response, body: bytes) -> None:
    status, head = response.status_code, response.headers
    if 300 <= status < 400:
        raise _redirected(url, status, head.get("Location", ""))
    if status >= 400:
        wait = retry_after(head.get("Retry-After", ""), head.get("Date", ""))
        raise refusal(status, response.reason or "", body, wait)
    if page(body, head.get("Content-Type", "")):
        raise Failed(FailureKind.PROTOCOL, f"{url} answers with a web page", advice=PAGE, status=status)
    if status != 200:
        raise Failed(FailureKind.PROTOCOL, f"{url} answers {status}, which means nothing here", status=status)


def _redirected(url: str, status: int, location: str) -> Failed:
    """Told without its query, which may carry a ticket."""
    target = urlsplit(urljoin(url, location))
    elsewhere = f"{target.scheme}://{target.hostname}{target.path}"
    advice = PAGE if target.hostname != urlsplit(url).hostname else "put the address that it names into url"
    return Failed(FailureKind.PROTOCOL, f"{status} to {one_line(elsewhere)}", advice=advice, status=status)
