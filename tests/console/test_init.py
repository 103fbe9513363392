"""``seawall init``: a config that validates and works, from a cluster or without one, and never over another file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.settings.kubernetes import Settings as KubernetesSettings
from console.config import load
from tests.console.test_cli import Done, seawall
from tests.playbooks.shop import Shop, patient, shop


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with shop(tmp_path_factory.mktemp("estate"), "calm", 1.0) as opened:
        yield opened


def init(estate: Shop, tmp_path: Path, *arguments: str) -> Done:
    return seawall(tmp_path, "init", "--kubeconfig", f"{estate.config}.kubeconfig", *arguments)


def test_what_it_writes_validates_and_reads_the_estate(tmp_path: Path, estate: Shop) -> None:
    made = init(estate, tmp_path)
    assert (made.code, made.out) == (0, "")
    assert seawall(tmp_path, "config", "validate").code == 0
    environment = load(tmp_path / "seawall.toml")
    assert list(environment.connectors) == ["prometheus", "kafka", "redis", "kubernetes", "host"]
    layers = {each.alias: each.layer for each in environment.layout.placements}
    assert layers.items() >= {
        "gateway": "gateway", "api": "api", "workers": "workers", "orders": "queue", "cache": "cache",
        "ingress-nginx": "gateway", "console": "console",
    }.items()  # fmt: skip
    file = tmp_path / "seawall.toml"
    file.write_text(
        patient(file.read_text().replace("environments.sim", "environments.demo")).replace('environment = "sim"', "")
    )
    status = json.loads(seawall(tmp_path, "status", "--json").out)
    assert {name for name, each in status["sources"].items() if each["failure"] is None} == set(environment.connectors)
    signals = {each["alias"]: each["signals"] for each in status["components"]}
    assert signals["api"]["ready"]["value"] == 5
    assert 0 < signals["api"]["cpu"]["value"] < 1
    assert signals["orders"]["lag"]["value"] >= 0


def test_what_names_the_cluster_stays_written_when_the_shell_is_left(
    tmp_path: Path, estate: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").symlink_to(f"{estate.config}.kubeconfig")
    monkeypatch.setenv("KUBECONFIG", f"here:{tmp_path / 'none'}")
    made = seawall(tmp_path, "init", "-n", "shop")
    written = load(tmp_path / "seawall.toml")
    assert f": {len(written.layout.placements)} components; next: " in made.err
    kubernetes = written.connectors["kubernetes"]
    assert isinstance(kubernetes, KubernetesSettings)
    assert kubernetes.kubeconfig == f"{tmp_path / 'here'}:{tmp_path / 'none'}"


def test_every_guess_stands_with_its_reason(tmp_path: Path, estate: Shop) -> None:
    init(estate, tmp_path, "-o", "mine.toml", "-n", "default", "-n", "shop")
    text = (tmp_path / "mine.toml").read_text()
    assert "# chosen: default/redis, because its label app.kubernetes.io/name is redis" in text
    assert "# workers: its name has 'worker'" in text
    assert "# api: nothing in its name says otherwise" in text


def test_a_file_that_is_there_stays_unless_forced(tmp_path: Path, estate: Shop) -> None:
    (tmp_path / "seawall.toml").write_text("mine")
    refused = init(estate, tmp_path)
    assert refused.code == 2
    assert "seawall.toml is there already; --force" in refused.err
    assert (tmp_path / "seawall.toml").read_text() == "mine"
    assert init(estate, tmp_path, "--force").code == 0
    assert load(tmp_path / "seawall.toml").name == "sim"


def test_without_a_cluster_it_is_a_file_to_fill_in(tmp_path: Path) -> None:
    made = seawall(tmp_path, "init", "--kubeconfig", str(tmp_path / "none"))
    assert made.code == 0
    assert "not found: " in made.err
    assert seawall(tmp_path, "config", "validate").code == 0
    text = (tmp_path / "seawall.toml").read_text()
    assert "# [environments.main.kafka]" in text
    assert sorted(each.name for each in tmp_path.iterdir()) == ["seawall.toml"]


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    made = seawall(
        tmp_path, "init", "--kubeconfig", str(tmp_path / "none"), "-o", str(tmp_path / "no" / "seawall.toml")
    )
    assert made.code == 2
    assert made.err.splitlines()[-1].endswith("seawall.toml: No such file or directory")
