"""``seawall status``: nothing from outside steers the terminal, and a backend that hangs delays no report."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.cli.reading_document import reading_document
from console.model.component import Health
from console.model.reading import Reading
from console.model.signal import Unit
from tests.console.test_cli import SEAWALL, seawall, surroundings

HOSTILE = """\
[environments.test]

[environments.test.redis]
url = "redis://127.0.0.1:1/0"

[[components]]
alias = "ev\\u001b]0;x\\u0007\\u009bil"
layer = "a\\u001b[2J"
id = "redis/\\u202ecache"
"""


@pytest.fixture
def hole() -> Iterator[int]:
    """A port that lets everyone in and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_hostile_name_is_shown_and_not_obeyed(tmp_path: Path) -> None:
    config = tmp_path / "seawall.toml"
    config.write_text(HOSTILE, encoding="utf-8")
    words, document = seawall(tmp_path, "status"), seawall(tmp_path, "status", "--json")
    assert words.code == document.code == 3
    assert "ev␛]0;x␇\\x9bil" in words.out
    assert all(line.isprintable() for line in words.out.splitlines())
    assert document.out.removesuffix("\n").isascii()
    assert document.out.removesuffix("\n").isprintable()
    assert json.loads(document.out)["components"][0]["alias"] == "ev\x1b]0;x\x07\x9bil"


def test_a_hostile_config_is_one_harmless_line(tmp_path: Path) -> None:
    config = tmp_path / "seawall.toml"
    config.write_text(HOSTILE.replace("url =", '"a\\nb\\u001b[2J" = 1\nurl ='), encoding="utf-8")
    done = seawall(tmp_path, "status")
    assert done.code == 2
    assert done.err.startswith("seawall: seawall.toml:3: unknown key ")
    assert done.err.removesuffix("\n").isprintable()


def test_what_failed_says_why_what_to_do_and_since_when(tmp_path: Path) -> None:
    (tmp_path / "seawall.toml").write_text(
        '[environments.test.prometheus]\nurl = "http://127.0.0.1:1"\n\n'
        '[[components]]\nalias = "api"\nlayer = "api"\nid = "prometheus/api"\n'
    )
    done = seawall(tmp_path, "status")
    assert done.code == 3
    last = done.out.splitlines()[-1]
    assert last.startswith("prometheus refused: http://127.0.0.1:1: Connection refused; check that Prometheus runs")
    assert last.endswith("; last read: never")


@pytest.mark.parametrize(
    ("reading", "health"),
    [
        (Reading("load", 0.2, Unit.RATIO, 0, "host"), "ok"),
        (Reading("load", None, Unit.RATIO, 0, "host"), "unknown"),
        (Reading("load", 0.2, Unit.RATIO, 0, "host", stale=True), "unknown"),
        (Reading("load", 9.0, Unit.RATIO, 0, "host", health=Health.CRIT, stale=True), "crit"),
    ],
)
def test_a_number_that_is_not_known_is_never_ok(reading: Reading, health: str) -> None:
    assert reading_document(reading)["health"] == health


def test_watching_reports_each_interval_whoever_hangs(tmp_path: Path, hole: int) -> None:
    config = tmp_path / "seawall.toml"
    config.write_text(
        f'[environments.test]\ninterval = 0.2\n\n[environments.test.redis]\nurl = "redis://127.0.0.1:{hole}/0"\n'
        "timeout = 5.0\n\n[environments.test.host]\n\n"
        '[[components]]\nalias = "console"\nlayer = "console"\nid = "host/local"\n'
    )
    watching = subprocess.Popen(
        [*SEAWALL, "status", "--watch", "--json"],
        stdout=subprocess.PIPE, text=True, env=surroundings(tmp_path), cwd=tmp_path,
    )  # fmt: skip
    try:
        assert watching.stdout is not None
        documents, started = [json.loads(watching.stdout.readline())], time.monotonic()
        documents += [json.loads(watching.stdout.readline()) for _ in range(5)]
        took = time.monotonic() - started
    finally:
        watching.kill()
        watching.wait()
        watching.stdout.close()  # type: ignore[union-attr]
    assert took < 4
    assert documents[-1]["at"] > documents[0]["at"]
    assert documents[-1]["sources"]["redis"]["failure"]["kind"] == "timed out"
