"""What the config may say of the way to Prometheus: refused at opening where it cannot work, else obeyed."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest

from connectors import ConnectorError
from connectors.prometheus import open_connector
from connectors.secret import Secret
from connectors.settings.prometheus import Settings
from console.clock import SystemClock
from console.model.snapshot import FailureKind, Snapshot, Unreachable
from tests.connectors.faults import black_hole, closed_port, serving
from tests.connectors.prometheus_like import like, number, opened, read
from tests.connectors.test_prometheus_connector import until

ABSENT = Secret("env:SEAWALL_TEST_ABSENT")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"url": "http://h?tenant=1"}, "params"),
        ({"url": "http://h", "proxy": "http://me:canary@proxy:3128"}, "no credentials in an address"),
        ({"url": "http://h", "key_file": "/k.pem"}, "cert_file"),
        ({"url": "http://h", "params": {"time": "0", "x": "y"}}, "params may not have time"),
        ({"url": "http://h", "tenant": "a\nb"}, "tenant"),
        ({"url": "http://h", "headers": {"X Key": ABSENT}}, "no header can have"),
        ({"url": "http://h", "headers": {"X-Key": ABSENT}}, "SEAWALL_TEST_ABSENT"),
        ({"url": "http://h", "key_password": ABSENT}, "SEAWALL_TEST_ABSENT"),
    ],
)
def test_what_cannot_work_is_one_line_at_opening(settings: dict[str, object], words: str) -> None:
    with pytest.raises(ConnectorError, match=words) as raised:
        open_connector("prometheus-eu", Settings(**settings), SystemClock(), ())  # type: ignore[arg-type]
    assert str(raised.value).startswith("prometheus-eu: ")
    assert "canary" not in str(raised.value)


async def test_a_proxy_is_gone_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port()}")  # what is set for it alone wins
    async with like(number) as (proxy, asked):
        seen = await read(Settings(url="http://prometheus.example:9090/prom", proxy=proxy))
    assert isinstance(seen, Snapshot)
    assert {each.head.split(" ")[1].split("?")[0] for each in asked} == {
        "http://prometheus.example:9090/prom/api/v1/query",
        "http://prometheus.example:9090/prom/api/v1/alerts",
    }


async def test_a_proxy_of_the_environment_is_gone_through(monkeypatch: pytest.MonkeyPatch) -> None:
    async with like(number) as (proxy, asked):
        monkeypatch.setenv("http_proxy", proxy)
        monkeypatch.setenv("no_proxy", "")
        seen = await read(Settings(url="http://prometheus.example:9090"))
    assert isinstance(seen, Snapshot)
    assert len(asked) == 2


async def test_a_proxy_that_hangs_gives_its_threads_back_at_the_deadline() -> None:
    async with serving(black_hole) as proxy:
        connector = opened(Settings(url="https://prometheus.example", proxy=proxy, timeout=0.3))
        seen = await connector.read()
        await connector.close()
        await until(lambda: not any(thread.name.startswith("prometheus-") for thread in threading.enumerate()))
    assert isinstance(seen, Unreachable)
    assert seen.kind is FailureKind.TIMED_OUT


async def test_several_of_a_kind_keep_to_their_own_names() -> None:
    async with like(number) as (url, _):
        connector = open_connector("prometheus-eu", Settings(url=url), SystemClock(), ())
        seen = await connector.read()
        await connector.close()
    assert isinstance(seen, Snapshot)
    assert seen.source == "prometheus-eu"


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"ca_file": "ca.pem"}, "ca_file .*No such file"),
        ({"ca_file": "text.pem"}, "ca_file .*no certificates in PEM"),
        ({"cert_file": "text.pem", "key_file": "none.pem"}, "key_file .*No such file"),
        ({"cert_file": "text.pem"}, "not the key of cert_file"),
    ],
)
async def test_a_certificates_file_that_is_wrong_is_named(tmp_path: Path, files: dict[str, str], words: str) -> None:
    (tmp_path / "text.pem").write_text("no PEM")
    settings = {name: str(tmp_path / file) for name, file in files.items()}
    seen = await read(Settings(url=f"https://127.0.0.1:{closed_port()}", **settings))  # type: ignore[arg-type]
    assert isinstance(seen, Unreachable)
    assert seen.kind is FailureKind.TLS
    assert re.search(words, seen.reason)
