"""A real Prometheus that scrapes real exporters and raises an alert, and one that lets in only whom it knows."""

from __future__ import annotations

import json
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from tests.real.exporters import running
from tests.real.prometheus import end, free_port, program

PATIENCE = 40.0  # wall seconds for a start, and for the first scrapes and evaluations after it
PASSWORD = "correct horse"
HASH = "$2b$04$RKG21mlUwHPKtdTalUekRe0cRT/t3mYdbOWmc.vZHYxAOwPulKdBm"  # of it, by bcrypt
RULES = {
    "groups": [
        {
            "name": "seawall",
            "interval": "1s",
            "rules": [
                {
                    "alert": "ExporterUp",
                    "expr": 'up{job="node"} == 1',
                    "labels": {"severity": "page"},
                    "annotations": {"summary": "{{ $labels.job }} answers"},
                },
                {"alert": "Later", "expr": "vector(1)", "for": "1h", "labels": {"severity": "info"}},
                {"alert": "Never", "expr": "up == 7"},
            ],
        }
    ]
}


@contextmanager
def exporter(name: str, folder: Path, *arguments: str) -> Iterator[str]:
    """Its ``host:port``."""
    address = f"127.0.0.1:{free_port()}"
    with running([program(name), f"--web.listen-address={address}", *arguments], folder):
        yield address


@contextmanager
def scraping(folder: Path, redis: str) -> Iterator[str]:
    """The address of one that scrapes a node exporter and a Redis exporter and evaluates ``RULES``, once it has."""
    with ExitStack() as stack:
        node = stack.enter_context(exporter("prometheus-node-exporter", folder))
        cache = stack.enter_context(exporter("prometheus-redis-exporter", folder, f"--redis.addr={redis}"))
        jobs = [
            {"job_name": job, "static_configs": [{"targets": [at]}]} for job, at in (("node", node), ("redis", cache))
        ]
        url = stack.enter_context(started(folder, {"scrape_configs": jobs}))
        until(lambda: len(_told(url, "query?query=count_over_time(up[1m])>3")["result"]) == 2)
        until(lambda: len(_told(url, "alerts")["alerts"]) == 2)
        yield url


def _told(url: str, path: str) -> Any:
    with urllib.request.urlopen(f"{url}/api/v1/{path}", timeout=5) as reply:
        return json.load(reply)["data"]


@dataclass(frozen=True, slots=True)
class Keys:
    """PEM files: the authority, a client's certificate with its key, and the same key encrypted with ``PASSWORD``."""

    ca: str
    cert: str
    key: str
    locked: str


@contextmanager
def secured(folder: Path, *, certificates: bool, days: float = 1) -> Iterator[tuple[str, Keys]]:
    """One behind TLS. It wants a client's certificate, or else the user ``me`` with ``PASSWORD``."""
    authority = trustme.CA()
    keys = _keys(authority, folder)
    tls: dict[str, object] = {"cert_file": str(folder / "server.pem"), "key_file": str(folder / "server.key")}
    if certificates:
        tls |= {"client_auth_type": "RequireAndVerifyClientCert", "client_ca_file": keys.ca}
    users = {} if certificates else {"basic_auth_users": {"me": HASH}}
    (folder / "web.yml").write_text(json.dumps({"tls_server_config": tls, **users}))
    _serve(authority, folder, days)
    with started(folder, {}, f"--web.config.file={folder / 'web.yml'}", scheme="https") as url:
        yield url, keys


def _serve(authority: trustme.CA, folder: Path, days: float) -> None:
    served = authority.issue_cert("127.0.0.1", not_after=datetime.now(UTC) + timedelta(days=days))
    served.cert_chain_pems[0].write_to_path(folder / "server.pem")
    served.private_key_pem.write_to_path(folder / "server.key")


def _keys(authority: trustme.CA, folder: Path) -> Keys:
    keys = Keys(*(str(folder / name) for name in ("ca.pem", "client.pem", "client.key", "locked.key")))
    client = authority.issue_cert("me@example.org")
    authority.cert_pem.write_to_path(keys.ca)
    client.cert_chain_pems[0].write_to_path(keys.cert)
    client.private_key_pem.write_to_path(keys.key)
    key = load_pem_private_key(client.private_key_pem.bytes(), None)
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(PASSWORD.encode()))
    Path(keys.locked).write_bytes(locked)
    return keys


@contextmanager
def started(folder: Path, config: Mapping[str, object], *flags: str, scheme: str = "http") -> Iterator[str]:
    """A Prometheus with this configuration and ``RULES``; JSON is YAML too."""
    address = f"127.0.0.1:{free_port()}"
    (folder / "rules.yml").write_text(json.dumps(RULES))
    timing = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    whole = {"global": timing, "rule_files": [str(folder / "rules.yml")], **config}
    (folder / "scraping.yml").write_text(json.dumps(whole))
    command = [
        program("prometheus"),
        f"--config.file={folder / 'scraping.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
    ]
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, f"--web.listen-address={address}", "--log.level=warn", *flags], stdout=log, stderr=log
        )
    try:
        until(lambda: _answers(f"{scheme}://{address}/-/ready"))
        yield f"{scheme}://{address}"
    finally:
        end(process)


def _answers(url: str) -> bool:
    """Whether somebody speaks there; that we may not come in is an answer."""
    unchecked = ssl.create_default_context()
    unchecked.check_hostname = False
    unchecked.verify_mode = ssl.CERT_NONE
    try:
        with urllib.request.urlopen(url, timeout=2, context=unchecked):
            return True
    except urllib.error.HTTPError as error:
        return error.code in (401, 403)
    except ssl.SSLError:
        return True  # it wants a certificate
    except urllib.error.URLError as error:
        return isinstance(error.reason, ssl.SSLError)


def until(holds: Callable[[], bool]) -> None:
    """Raises RuntimeError where it does not within ``PATIENCE``."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            raise RuntimeError(f"not within {PATIENCE:g} s")
        time.sleep(0.1)
