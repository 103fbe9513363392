"""``seawall query``: a number with its unit, age, source and query; why one is not known; what else is there."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console.test_cli import SEAWALL, Done, seawall, surroundings
from tests.playbooks.shop import Shop, shop

CLOSED = """\
[environments.test]
interval = 0.2

[environments.test.prometheus]
url = "http://127.0.0.1:1"

[environments.test.host]

[[components]]
alias = "api"
layer = "api"
id = "prometheus/api"
preset = "cadvisor"
match = 'container="api"'

[[components]]
alias = "console"
layer = "console"
id = "host/local"
"""


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with shop(tmp_path_factory.mktemp("estate"), "calm", 1.0) as opened:
        yield opened


def query(estate: Shop, tmp_path: Path, *arguments: str) -> Done:
    return seawall(tmp_path, "--config", str(estate.config), "query", *arguments)


def test_a_signal_is_told_with_its_unit_health_source_and_query(tmp_path: Path, estate: Shop) -> None:
    done = query(estate, tmp_path, "api.cpu")
    assert done.code == 0
    first, behind = done.out.splitlines()
    name, value, health, source = first.split()[:4]
    assert (name, health, source) == ("api.cpu", "OK", "prometheus,")
    assert value.endswith("%")
    assert behind.startswith("    sum(rate(container_cpu_usage_seconds_total")


def test_the_document_has_base_units_and_whose_signal_it_is(tmp_path: Path, estate: Shop) -> None:
    done = query(estate, tmp_path, "api.cpu", "cache.hit_rate", "--json")
    document = json.loads(done.out)
    assert (done.code, document["schema"]) == (0, "seawall.query/1")
    cpu, hits = document["signals"]
    assert (cpu["name"], cpu["component"], cpu["reading"]["unit"]) == ("api.cpu", "prometheus/api", "ratio")
    assert 0 < cpu["reading"]["value"] < 1
    assert (hits["component"], hits["reading"]["source"]) == ("redis/cache", "redis")
    assert hits["before"] is None


def test_a_line_alone_means_all_of_it_and_globs_go_over_lines(tmp_path: Path, estate: Shop) -> None:
    line = [each["name"] for each in json.loads(query(estate, tmp_path, "queue", "--json").out)["signals"]]
    assert "queue.lag" in line
    assert all(name.startswith("queue.") for name in line)
    lags = [each["name"] for each in json.loads(query(estate, tmp_path, "*.lag", "--json").out)["signals"]]
    assert {"queue.lag", "notifications.lag"} <= set(lags)
    assert all(name.endswith(".lag") for name in lags)


def test_a_signal_beside_itself_some_time_ago(tmp_path: Path, estate: Shop) -> None:
    done = query(estate, tmp_path, "gateway.rate", "queue.lag", "--json", "--ghost", "5m")
    rate, lag = json.loads(done.out)["signals"]
    assert rate["reading"]["at"] - rate["before"]["reading"]["at"] == pytest.approx(300, abs=20)
    assert lag["before"]["failure"]["reason"] == "no source of queue keeps the past"
    words = query(estate, tmp_path, "gateway.rate", "--ghost")
    assert words.out.splitlines()[-1].startswith("    before: ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(("api.cpi",), "no signal 'api.cpi'; did you mean 'api.cpu'", id="a typing mistake"),
        pytest.param(("apj.cpu",), "no line 'apj' for 'apj.cpu'; did you mean 'api'", id="in the line's name"),
        pytest.param(("zzz",), "no line 'zzz' for 'zzz'; there are users, dns, ", id="nothing like it"),
        pytest.param(("api.cpu", "--ghost", "soon"), "expected a span such as 1w", id="no span"),
        pytest.param(("--ghost", "api.cpu"), "patterns stand before --ghost", id="a span that is a pattern"),
    ],
)
def test_what_is_not_there_is_exit_2_and_something_close_is_offered(
    tmp_path: Path, estate: Shop, arguments: tuple[str, ...], words: str
) -> None:
    done = query(estate, tmp_path, *arguments)
    assert (done.code, done.out) == (2, "")
    assert words in done.err


@pytest.mark.parametrize("pattern", ["api.cpu", "api.no_such"])
def test_a_source_that_is_gone_makes_its_signals_unknown_with_the_reason(tmp_path: Path, pattern: str) -> None:
    (tmp_path / "seawall.toml").write_text(CLOSED)
    done = seawall(tmp_path, "query", pattern)
    assert done.code == 3
    assert done.out.splitlines()[0] == f"{pattern}  ?"
    assert "prometheus refused: " in done.out
    document = json.loads(seawall(tmp_path, "query", pattern, "--json").out)
    assert document["signals"][0]["known"] is False
    assert document["signals"][0]["reading"] is None


def test_no_source_is_asked_that_the_line_does_not_need(tmp_path: Path) -> None:
    (tmp_path / "seawall.toml").write_text(CLOSED.replace("[environments.test.host]", ""))
    done = seawall(tmp_path, "query", "console.cpu")
    assert "host is not configured" in done.out
    assert "refused" not in done.out


def test_watching_reports_again_and_again(tmp_path: Path) -> None:
    (tmp_path / "seawall.toml").write_text(CLOSED)
    watching = subprocess.Popen(
        [*SEAWALL, "query", "console", "--watch", "--json"],
        stdout=subprocess.PIPE, text=True, env=surroundings(tmp_path), cwd=tmp_path,
    )  # fmt: skip
    try:
        assert watching.stdout is not None
        documents = [json.loads(watching.stdout.readline()) for _ in range(3)]
    finally:
        watching.kill()
        watching.wait()
        watching.stdout.close()  # type: ignore[union-attr]
    assert documents[0]["at"] < documents[1]["at"] < documents[2]["at"]


def test_lines_and_signals_are_completed_from_the_config(tmp_path: Path) -> None:
    (tmp_path / "seawall.toml").write_text(CLOSED)
    words = {"_SEAWALL_COMPLETE": "bash_complete", "COMP_WORDS": "seawall query api", "COMP_CWORD": "2"}
    done = subprocess.run(
        SEAWALL, capture_output=True, text=True, env=surroundings(tmp_path) | words, cwd=tmp_path, timeout=60
    )
    offered = [line.partition(",")[2] for line in done.stdout.splitlines()]
    assert offered[0] == "api"
    assert "api.cpu" in offered
