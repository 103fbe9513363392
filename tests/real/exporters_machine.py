"""This machine's own numbers, and probes of it from outside."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme

from tests.real.exporters import Recording, fetched, running, scrape, wait_for
from tests.real.exporters_web import nginx_server
from tests.real.prometheus import free_port, program

TLS = """\
daemon off; pid {folder}/tls.pid; error_log {folder}/tls-error.log;
events {{}}
http {{
    access_log off;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {folder}/server.pem;
        ssl_certificate_key {folder}/server.key;
        location = / {{ return 200 "well"; }}
    }}
}}
"""
MODULES = {
    "modules": {
        "http": {"prober": "http", "http": {"tls_config": {"insecure_skip_verify": True}}},
        "tcp": {"prober": "tcp"},
    }
}
LASTS = timedelta(days=40)  # of the certificate


def node(folder: Path) -> Recording:
    own = f"127.0.0.1:{free_port()}"
    exporter = [program("prometheus-node-exporter"), f"--web.listen-address={own}"]
    with running(exporter, folder):
        first = scrape(f"http://{own}/metrics")
        time.sleep(60 - (time.time() % 1))  # a share of CPU is only one over the time that it was taken in
        second = scrape(f"http://{own}/metrics")
    beside = r"node_(?:memory_MemFree_bytes|memory_SwapTotal_bytes|load5)"
    keep = re.compile(r'mountpoint="(?!/|/tmp")')
    return Recording("node_exporter 1.5.0 on two cores", _without(first, keep), _without(second, keep), beside)


def _without(text: str, lines: re.Pattern[str]) -> str:
    return "\n".join(line for line in text.splitlines() if not lines.search(line))


@contextmanager
def exporter(folder: Path) -> Iterator[str]:
    """The address of a blackbox exporter with the modules ``http`` and ``tcp``."""
    own = f"127.0.0.1:{free_port()}"
    (folder / "blackbox.yml").write_text(json.dumps(MODULES))
    command = [program("prometheus-blackbox-exporter"), f"--config.file={folder / 'blackbox.yml'}"]
    with running([*command, f"--web.listen-address={own}"], folder):
        scrape(f"http://{own}/-/healthy")
        yield f"http://{own}/probe"


def blackbox(folder: Path) -> Recording:
    with exporter(folder) as probe, nginx_server(folder) as port:
        asked = f"{probe}?module=tcp&target=localhost:{port}"
        first, second = _successful(asked), scrape(asked)
    return Recording("blackbox_exporter 0.23.0, a TCP probe of localhost", first, second, r"probe_.*")


def blackbox_http(folder: Path) -> Recording:
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", not_after=datetime.now(UTC) + LASTS)
    certificate.private_key_pem.write_to_path(str(folder / "server.key"))
    for part in certificate.cert_chain_pems:
        part.write_to_path(str(folder / "server.pem"), append=True)
    port = free_port()
    (folder / "tls.conf").write_text(TLS.format(folder=folder, port=port))
    server = [program("nginx"), "-p", str(folder), "-c", str(folder / "tls.conf")]
    with exporter(folder) as probe, running(server, folder):
        asked = f"{probe}?module=http&target=https://localhost:{port}/"
        first, second = _successful(asked), scrape(asked)
    return Recording("blackbox_exporter 0.23.0, an HTTPS probe of nginx on localhost", first, second, r"probe_.*")


def _successful(probe: str) -> str:
    def ask() -> str:
        text = fetched(probe)
        return text if "\nprobe_success 1\n" in text else ""

    return wait_for(ask, probe)
