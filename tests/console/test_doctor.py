"""``seawall doctor``: what works, what is refused and what could not be asked are three things and exit codes."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from connectors import CONNECTORS
from tests.console.doctor_estate import refusing
from tests.console.test_cli import Done, seawall
from tests.playbooks.shop import Shop, shop


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with shop(tmp_path_factory.mktemp("estate"), "calm", 1.0) as opened:
        yield opened


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with refusing(tmp_path_factory.mktemp("refusing")) as config:
        yield config


@pytest.fixture
def hole() -> Iterator[int]:
    """A port that lets everyone in and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def told(tmp_path: Path, config: Path) -> tuple[int, Mapping[str, Any]]:
    done = seawall(tmp_path, "--config", str(config), "doctor", "--json")
    return done.code, json.loads(done.out)


def verdicts(document: Mapping[str, Any]) -> dict[str, str]:
    return {each["name"]: each["verdict"] for each in document["playbooks"]}


def grades(document: Mapping[str, Any], source: str) -> dict[str, str]:
    found = next(each for each in document["sources"] if each["name"] == source)
    return {each["what"]: each["grade"] for each in found["findings"]}


def closed(config: Path, tmp_path: Path, port: int = 1) -> Path:
    """The config, with its Redis behind another port."""
    other = tmp_path / "other.toml"
    text = re.sub(r'url = "redis://[^"]*"', f'url = "redis://127.0.0.1:{port}/0"', config.read_text())
    other.write_text(text)
    return other


def test_on_a_whole_estate_every_playbook_could_do_its_work(tmp_path: Path, estate: Shop) -> None:
    code, document = told(tmp_path, estate.config)
    assert (code, document["schema"]) == (0, "seawall.doctor/1")
    assert set(verdicts(document).values()) == {"could"}
    assert [each["name"] for each in document["sources"]] == [each for each in CONNECTORS if each != "probe"]
    for source in document["sources"]:
        assert grades(document, source["name"])["read"] == "yes"
    versions = {each["name"]: each["version"] for each in document["sources"]}
    assert versions["redis"].startswith("Redis 7.")
    assert versions["kubernetes"].startswith("Kubernetes v1.")
    assert all(write["grade"] == "yes" for each in document["playbooks"] for write in each["writes"])


def test_in_words_it_is_grouped_narrow_and_harmless(tmp_path: Path, estate: Shop) -> None:
    done = seawall(tmp_path, "--config", str(estate.config), "doctor")
    lines = done.out.splitlines()
    assert max(map(len, lines)) <= 100
    assert all(line.isprintable() for line in lines)
    assert {"playbooks", "here"} <= set(lines)
    assert done.err == ""  # nobody watches: no progress


def test_what_is_well_is_a_line_a_source_unless_all_is_asked_for(tmp_path: Path, estate: Shop) -> None:
    calm = seawall(tmp_path, "--config", str(estate.config), "doctor").out.splitlines()
    whole = seawall(tmp_path, "--config", str(estate.config), "doctor", "--all").out.splitlines()
    well = [line for line in calm if line.startswith("  yes ")]
    assert len(well) == len(CONNECTORS)  # no probe, but this machine
    assert all(re.search(r", and \d+ more$", line) for line in well)
    assert calm[-1] == f"{whole[-1]}; --all tells each yes"
    counted = int(whole[-1].partition(" ")[0])
    assert len([line for line in whole if line.startswith("  yes ")]) == counted > 60
    assert sum(int(line.split()[-2]) + 1 for line in well) == counted


def test_what_is_not_well_is_never_folded(tmp_path: Path, refused: Path) -> None:
    done = seawall(tmp_path, "--config", str(refused), "doctor")
    told_in_words = " ".join(done.out.split())
    for fact in ("flag.read_only", "ttl.catalog", "rate.user"):
        assert f"set {fact} of redis/cache" in told_in_words
    assert "set hpa.max of kubernetes/hpa/shop/api" in told_in_words


def test_what_has_one_reason_is_told_with_it_once(tmp_path: Path, estate: Shop) -> None:
    done = seawall(tmp_path, "--config", str(closed(estate.config, tmp_path)), "doctor")
    source = done.out[done.out.index("\nredis ") :].partition("\n\n")[0]
    (unknown,) = (line for line in source.splitlines() if line.startswith("  unknown "))
    assert unknown.split("of redis/cache, ")[0].endswith("set flag.read_only ")


def test_what_is_refused_is_named_with_the_playbook_that_wants_it(tmp_path: Path, refused: Path) -> None:
    code, document = told(tmp_path, refused)
    assert code == 1
    assert verdicts(document) == {"read-only": "could not", "scale-workers": "could", "viral-spike": "could not"}
    assert grades(document, "redis")["set flag.read_only of redis/cache"] == "no"
    assert grades(document, "kubernetes")["set hpa.max of kubernetes/hpa/shop/api"] == "no"
    assert grades(document, "kubernetes")["set replicas of kubernetes/deployment/shop/workers"] == "yes"
    reasons = next(each["reasons"] for each in document["playbooks"] if each["name"] == "viral-spike")
    assert any(reason.startswith("set ttl.catalog of redis/cache: ") for reason in reasons)
    assert any(reason.startswith("set hpa.max of kubernetes/hpa/shop/api: ") for reason in reasons)


def test_a_secret_is_in_no_line_of_it(tmp_path: Path, refused: Path) -> None:
    for arguments in ((), ("--json",)):
        done = seawall(tmp_path, "--config", str(refused), "doctor", *arguments)
        assert "canary-of-ann" not in done.out + done.err


def test_what_cannot_be_reached_makes_its_playbooks_unknown_and_no_others(tmp_path: Path, estate: Shop) -> None:
    code, document = told(tmp_path, closed(estate.config, tmp_path))
    assert code == 3
    assert verdicts(document) == {"read-only": "unknown", "scale-workers": "could", "viral-spike": "unknown"}
    redis = next(each for each in document["sources"] if each["name"] == "redis")
    assert redis["findings"][0]["kind"] == "refused"
    assert redis["findings"][0]["advice"] != ""
    assert grades(document, "prometheus")["read"] == "yes"


def test_a_source_that_hangs_delays_no_longer_than_its_deadlines(tmp_path: Path, estate: Shop, hole: int) -> None:
    config = closed(estate.config, tmp_path, hole)
    config.write_text(re.sub(r"(?<=\[environments\.demo\.redis\]\n)timeout = .*", "timeout = 1.0", config.read_text()))
    started = time.monotonic()
    code, document = told(tmp_path, config)
    assert code == 3
    assert time.monotonic() - started < 30
    redis = next(each for each in document["sources"] if each["name"] == "redis")
    assert "timed out" in [each["kind"] for each in redis["findings"]]


def test_settings_that_cannot_work_are_a_finding_and_stop_no_other(tmp_path: Path) -> None:
    (tmp_path / "seawall.toml").write_text(
        '[environments.test.redis]\nurl = "redis://127.0.0.1:1/0"\nuser = "ann"\n\n[environments.test.host]\n\n'
        '[[components]]\nalias = "console"\nlayer = "console"\nid = "host/local"\n'
    )
    code, document = told(tmp_path, tmp_path / "seawall.toml")
    assert code == 1
    assert grades(document, "redis") == {"open": "no"}
    assert grades(document, "host")["read"] == "yes"
    assert set(verdicts(document).values()) == {"not here"}


def test_a_config_that_is_wrong_is_exit_2(tmp_path: Path) -> None:
    (tmp_path / "seawall.toml").write_text("environments = 3\ncomponents = []\n")
    done: Done = seawall(tmp_path, "doctor")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("seawall: seawall.toml:1: ")
