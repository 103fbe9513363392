"""Where the cluster is and who we are there: kubectl's own rules, with one difference.

The context is pinned when it is first read, so ``kubectl config use-context`` in another window does not turn this
console to another cluster. What is secret is handed to the official client's transport as values and as a TLS context;
nothing of it is left on the disk.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from connectors.failure import Failed, one_line
from connectors.kubernetes.exec_plugin import Credentials, Plugins
from connectors.kubernetes.kubeconfig import Chosen, Cluster, User, choose, places_of
from connectors.kubernetes.tls import tls_context
from console.model.snapshot import FailureKind

if TYPE_CHECKING:
    import ssl

    from kubernetes.client import Configuration

ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
_SOCKS = ("socks5", "socks5h")
REREAD = 60.0  # wall seconds after which a token file is read again, as client-go does; rotated ones stay good longer


@dataclass(frozen=True, slots=True)
class Login:
    """A client configuration, the context it is of, and the wall time at which its credentials end."""

    configuration: Configuration
    context: str
    expires: float | None
    namespace: str = "default"
    tls: ssl.SSLContext | None = None
    headers: tuple[tuple[str, str], ...] = ()  # of impersonation; a name may come twice


def log_in(kubeconfig: str | None, context: str | None, plugins: Plugins | None = None) -> Login:
    """Reads the kubeconfig, or the pod's own account where there is none; Failed says what is missing.

    ``kubeconfig`` None: ``$KUBECONFIG``, else ``~/.kube/config``. ``context`` None: the file's current one.
    """
    places = places_of(kubeconfig)
    if not any(place.exists() for place in places) and os.environ.get("KUBERNETES_SERVICE_HOST"):
        chosen = of_the_pod(Path(ACCOUNT))
    else:
        chosen = choose(places, context)
    return _login(chosen, plugins or Plugins(time.time))


def of_the_pod(account: Path) -> Chosen:
    """The service account that Kubernetes mounts into every pod."""
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    token = account / "token"
    if not token.exists():
        reason = f"no kubeconfig, and this pod has no service account at {account}"
        raise Failed(FailureKind.NOT_FOUND, reason, advice="set kubeconfig, or mount the service account's token")
    server = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    namespace = account / "namespace"
    return Chosen(
        "in-cluster",
        namespace.read_text().strip() if namespace.exists() else "default",
        Cluster(server=server, certificate_authority=str(account / "ca.crt")),
        User(token_file=str(token)),
        account,
    )


def _login(chosen: Chosen, plugins: Plugins) -> Login:
    from kubernetes.client import Configuration
    from urllib3 import disable_warnings
    from urllib3.exceptions import InsecureRequestWarning

    cluster, user = chosen.cluster, chosen.user
    given = _given(chosen, plugins)
    configuration = Configuration()
    configuration.host = cluster.server.rstrip("/")
    configuration.verify_ssl = not cluster.insecure_skip_tls_verify
    if not configuration.verify_ssl:
        disable_warnings(InsecureRequestWarning)  # they would be printed over the screen; `seawall doctor` tells of it
    configuration.tls_server_name = cluster.tls_server_name
    _set_proxy(configuration, cluster)
    _authorise(configuration, user, given)
    tls = None
    if configuration.host.lower().startswith("https:"):
        tls = tls_context(cluster, user, given.certificate, given.key)
    return Login(configuration, chosen.context, given.expires, chosen.namespace, tls, tuple(_impersonation(user)))


_NOTHING = Credentials(None, None, None, None)


def _given(chosen: Chosen, plugins: Plugins) -> Credentials:
    user = chosen.user
    if user.auth_provider is not None:
        raise _outdated(user.auth_provider.name)
    if user.exec_ is None or user.token or user.token_file:
        return _NOTHING
    try:
        return plugins.credentials(user.exec_, chosen.cluster, chosen.folder)
    except OSError as error:  # of the authority's file, which the plug-in is told of
        raise Failed(FailureKind.NOT_FOUND, f"certificate-authority: {error.strerror}") from error


def _outdated(provider: str) -> Failed:
    """kubectl no longer has these either (1.26); what replaced each is a plug-in."""
    advice = {
        "gcp": "gcloud container clusters get-credentials … with gke-gcloud-auth-plugin installed",
        "azure": "kubelogin convert-kubeconfig",
        "oidc": "set up kubectl oidc-login (kubelogin) as the user's exec plug-in",
    }.get(provider, "set up an exec plug-in in its place")
    reason = f"the kubeconfig's auth-provider {one_line(provider, 40)} is not supported, nor is it by kubectl"
    return Failed(FailureKind.EXPIRED, reason, advice=advice)


def _authorise(configuration: Configuration, user: User, given: Credentials) -> None:
    from urllib3 import make_headers

    if user.token_file:
        source = TokenFile(Path(user.token_file), user.token, time.monotonic)
        configuration.refresh_api_key_hook = lambda made: _bear(made, source.token())
        _bear(configuration, source.token())
    elif token := user.token or given.token:
        _bear(configuration, token)
    elif user.username is not None and user.password is not None:
        basic = make_headers(basic_auth=f"{user.username}:{user.password}")
        configuration.api_key["BearerToken"] = basic["authorization"]


def _bear(configuration: Any, token: str) -> None:
    if not token.isprintable() or not token.isascii():
        raise Failed(FailureKind.EXPIRED, "the token has characters that no token has", advice="renew it at its place")
    configuration.api_key["BearerToken"] = f"Bearer {token}"


class TokenFile:
    """A token that is renewed at its place. One that cannot be read for a moment is the one from before."""

    def __init__(self, path: Path, otherwise: str | None, monotonic: Callable[[], float]) -> None:
        self._path = path
        self._monotonic = monotonic
        self._token = otherwise or ""
        self._read_at = float("-inf")

    def token(self) -> str:
        """Failed where there has never been one."""
        now = self._monotonic()
        if now - self._read_at > REREAD:
            try:
                self._token = self._path.read_text(encoding="ascii").strip() or self._token
            except (OSError, ValueError) as error:
                if not self._token:
                    reason = f"token file {self._path}: {getattr(error, 'strerror', None) or 'not text'}"
                    raise Failed(FailureKind.NOT_FOUND, reason) from None
            self._read_at = now
        if not self._token:
            raise Failed(FailureKind.EXPIRED, f"token file {self._path} is empty")
        return self._token


def _set_proxy(configuration: Configuration, cluster: Cluster) -> None:
    """The cluster's own proxy, which no NO_PROXY turns off; else the environment's, which is never for loopback."""
    from urllib3 import make_headers

    if cluster.proxy_url:
        configuration.proxy, configuration.no_proxy = cluster.proxy_url, ""
    elif _is_loopback(configuration.host):
        configuration.proxy = None
    if not configuration.proxy:
        return
    url = urlsplit(configuration.proxy)
    if url.scheme not in ("http", "https", *_SOCKS) or not url.hostname:
        reason = f"a proxy of the kind {one_line(url.scheme, 20) or '?'} is not supported, nor is it by kubectl"
        raise Failed(FailureKind.PROTOCOL, reason, advice="name an http://, https:// or socks5:// proxy")
    if url.scheme in _SOCKS:
        configuration.proxy = url._replace(scheme="socks5h").geturl()  # Go leaves names to the proxy under both words
    elif url.username is not None:
        who = f"{unquote(url.username)}:{unquote(url.password or '')}"
        configuration.proxy_headers = make_headers(proxy_basic_auth=who)
        configuration.proxy = url._replace(netloc=url.netloc.rpartition("@")[2]).geturl()


def _is_loopback(server: str) -> bool:
    host = urlsplit(server).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _impersonation(user: User) -> list[tuple[str, str]]:
    """https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation"""
    if not user.as_:
        return []
    found = [("Impersonate-User", user.as_)]
    found += [("Impersonate-Uid", user.as_uid)] if user.as_uid else []
    found += [("Impersonate-Group", group) for group in user.as_groups or ()]
    for key, values in (user.as_user_extra or {}).items():
        found += [(f"Impersonate-Extra-{key}", value) for value in values]
    return found
