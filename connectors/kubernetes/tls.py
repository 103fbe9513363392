"""What we trust of an API server, and the certificate that we show it.

Made once a login, from files or from data in the kubeconfig. Python takes a certificate's key from a file only, so it
lies in a folder of our own for as long as it is read. A key that wants a passphrase is refused: OpenSSL would ask for
it on the terminal, which is the screen.
"""

from __future__ import annotations

import base64
import binascii
import ssl
import tempfile
from pathlib import Path
from typing import NoReturn

from connectors.failure import Failed, one_line
from connectors.kubernetes.kubeconfig import Cluster, User
from console.model.snapshot import FailureKind


class _Encrypted(Exception):
    pass


def tls_context(cluster: Cluster, user: User, certificate: str | None, key: str | None) -> ssl.SSLContext:
    """``certificate`` and ``key``: PEM that a plug-in gave, in place of the user's. Failed: TLS, or NOT_FOUND."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # Go does not ask it of clusters' own authorities, and many fail it
    _trust(context, cluster)
    if certificate and key:
        _show_data(context, certificate.encode(), key.encode())
    elif _has(user.client_certificate, user.client_certificate_data):
        if not _has(user.client_key, user.client_key_data):
            raise Failed(FailureKind.TLS, "the kubeconfig has a client certificate and no key of it")
        pem = _pem("client-certificate", user.client_certificate, user.client_certificate_data)
        _show_data(context, pem, _pem("client-key", user.client_key, user.client_key_data))
    return context


def _has(path: str | None, data: str | None) -> bool:
    return bool(path or data)


def _trust(context: ssl.SSLContext, cluster: Cluster) -> None:
    authority = _has(cluster.certificate_authority, cluster.certificate_authority_data)
    if cluster.insecure_skip_tls_verify:
        if authority:
            reason = "the kubeconfig trusts an authority and skips verification: one of the two is a mistake"
            raise Failed(FailureKind.TLS, reason)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return
    if not authority:
        context.load_default_certs()
        return
    pem = _pem("certificate-authority", cluster.certificate_authority, cluster.certificate_authority_data)
    try:
        context.load_verify_locations(cadata=pem.decode("ascii", "replace"))
    except (ssl.SSLError, ValueError) as error:
        raise Failed(FailureKind.TLS, "certificate-authority: not a PEM certificate") from error


def _pem(what: str, path: str | None, data: str | None) -> bytes:
    """Data comes before the file, as for kubectl."""
    if data:
        try:
            return base64.b64decode(data)
        except binascii.Error:
            raise Failed(FailureKind.TLS, f"{what}-data is not base64") from None
    try:
        return Path(path or "").read_bytes()
    except OSError as error:
        raise Failed(FailureKind.NOT_FOUND, f"{what} {path}: {error.strerror}") from error


def _show_data(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:  # only we may enter it
        chain, secret = Path(folder, "chain"), Path(folder, "key")
        chain.write_bytes(certificate)
        secret.write_bytes(key)
        try:
            context.load_cert_chain(chain, secret, _no_passphrase)
        except _Encrypted:
            reason, advice = "the client key wants a passphrase", "use a key without one, or an exec plug-in"
            raise Failed(FailureKind.TLS, reason, advice=advice) from None
        except (ssl.SSLError, ValueError) as error:
            said = one_line(getattr(error, "reason", None) or "not PEM", 60)
            raise Failed(FailureKind.TLS, f"the client certificate and its key cannot be used ({said})") from error


def _no_passphrase() -> NoReturn:
    raise _Encrypted
