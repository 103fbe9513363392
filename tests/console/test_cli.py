"""The verbs as a script meets them: results on stdout, one clear line on stderr, and the documented exit code."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from connectors.simulator.architecture import ARCHITECTURES
from connectors.simulator.clock import SimClock
from connectors.simulator.kubernetes import KubernetesWire
from connectors.simulator.scenarios import SCENARIOS
from tests.playbooks.shop import Shop, shop

SEAWALL = (sys.executable, "-m", "console.cli")
REPO = Path(__file__).parents[2]

GOOD = """\
[environments.test]

[environments.test.redis]
url = "redis://127.0.0.1:1/0"

[[components]]
alias = "cache"
layer = "cache"
id = "redis/cache"
"""


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


def surroundings(state: Path) -> dict[str, str]:
    return {**os.environ, "XDG_STATE_HOME": str(state), "NO_COLOR": "1", "PYTHONPATH": str(REPO)}


def seawall(state: Path, *arguments: str) -> Done:
    done = subprocess.run(
        [*SEAWALL, *arguments], capture_output=True, text=True, env=surroundings(state), cwd=state, timeout=60
    )
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with shop(tmp_path_factory.mktemp("estate"), "calm", 1.0) as opened:
        yield opened


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param(GOOD.replace("url =", "urll ="), ":4: unknown key 'urll'", id="unknown key"),
        pytest.param(GOOD + "[aliases]\na = 1\na = 2\n", ":12: not TOML: Cannot overwrite a value", id="duplicate key"),
        pytest.param(GOOD.replace('"cache"', "7", 1), ":7: components[0].alias: expected `str`", id="wrong type"),
        pytest.param(
            GOOD.replace("url =", 'password = "env:NO_SUCH_SECRET"\nurl ='),
            ":4: secret env:NO_SUCH_SECRET is not set",
            id="missing secret",
        ),
        pytest.param(
            GOOD.replace("url =", 'user = "ann"\nurl ='), ": redis: user needs a password", id="what cannot work"
        ),
    ],
)
def test_a_bad_config_is_one_line_and_exit_2(tmp_path: Path, text: str, words: str) -> None:
    config = tmp_path / "bad.toml"
    config.write_text(text)
    done = seawall(tmp_path, "--config", str(config), "status")
    assert done.code == 2
    assert done.err.count("\n") == 1
    assert f"bad.toml{words}" in done.err
    assert done.out == ""


def test_no_config_offers_the_demo(tmp_path: Path) -> None:
    done = seawall(tmp_path, "status")
    assert done.code == 2
    assert "seawall demo" in done.err


@pytest.mark.parametrize("verb", [("query", "*"), ("status",), ("config", "show")], ids=lambda verb: verb[0])
def test_where_nobody_reads_on_that_is_said_and_not_a_health(tmp_path: Path, verb: tuple[str, ...]) -> None:
    lines = "".join(f'\n[[components]]\nalias = "{"a" * 60}{n}"\nlayer = "x"\nid = "redis/{n}"\n' for n in range(2))
    (tmp_path / "seawall.toml").write_text(GOOD + lines)
    argv, read_end = [*SEAWALL, *verb], os.pipe()
    with subprocess.Popen(
        argv, stdout=read_end[1], stderr=subprocess.PIPE, env=surroundings(tmp_path), cwd=tmp_path
    ) as run:
        os.close(read_end[0])
        os.close(read_end[1])
        _, err = run.communicate(timeout=60)
    assert (run.returncode, err) == (141, b"")


def test_status_tells_long_aliases_apart(tmp_path: Path) -> None:
    lines = "".join(f'\n[[components]]\nalias = "database-replica-{n}"\nlayer = "x"\nid = "redis/{n}"\n' for n in "ab")
    (tmp_path / "seawall.toml").write_text(GOOD + lines)
    out = seawall(tmp_path, "status").out
    assert "  database-replica-a " in out
    assert "  database-replica-b " in out


def test_a_closed_port_is_named_and_unknown(tmp_path: Path) -> None:
    config = tmp_path / "seawall.toml"
    config.write_text(GOOD)
    done = seawall(tmp_path, "status")
    assert done.code == 3
    assert "redis refused: " in done.out
    assert "127.0.0.1:1" in done.out


async def test_an_expired_token_says_so(tmp_path: Path) -> None:
    wire = KubernetesWire(SimClock(), 0)
    await wire.start()
    try:
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(wire.kubeconfig())
        wire.expire_token()
        config = tmp_path / "seawall.toml"
        config.write_text(
            f'[environments.test.kubernetes]\nkubeconfig = "{kubeconfig}"\nnamespaces = ["shop"]\n\n'
            '[[components]]\nalias = "api"\nlayer = "api"\nid = "kubernetes/deployment/shop/api"\n'
        )
        done = await asyncio.to_thread(seawall, tmp_path, "status")
        run = await asyncio.to_thread(seawall, tmp_path, "playbook", "run", "scale-workers", "--yes")
    finally:
        await wire.stop()
    assert done.code == 3
    assert "kubernetes credentials expired: " in done.out
    assert 10 <= run.code < 20 or run.code == 2
    assert run.err.startswith("seawall: ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(("plan", "viral-spik"), "did you mean", id="no such playbook"),
        pytest.param(("plan", "viral-spike", "-p", "user_rate=5"), "user_rate", id="out of range"),
        pytest.param(("plan", "viral-spike", "-p", "user_rat=50"), "user_rat", id="no such parameter"),
        pytest.param(("plan", "viral-spike", "-p", "cache_ttl=ten"), "cache_ttl", id="not a duration"),
    ],
)
def test_a_bad_wish_is_one_line_and_exit_2(
    tmp_path: Path, estate: Shop, arguments: tuple[str, ...], words: str
) -> None:
    before = estate.facts()
    done = seawall(tmp_path, "--config", str(estate.config), "playbook", *arguments)
    assert done.code == 2
    assert words in done.err
    assert done.err.count("\n") == 1
    assert estate.facts() == before


def test_a_playbook_with_a_typo_names_its_line(tmp_path: Path, estate: Shop) -> None:
    text = (REPO / "playbooks" / "library" / "viral-spike.yaml").read_text()
    line = next(number for number, each in enumerate(text.splitlines(), 1) if "on_failure" in each)
    path = tmp_path / "mine.yaml"
    path.write_text(text.replace("on_failure", "on_failur"))
    done = seawall(tmp_path, "--config", str(estate.config), "playbook", "run", str(path), "--yes")
    assert done.code == 2
    assert f"mine.yaml:{line}: " in done.err
    assert "did you mean 'on_failure'" in done.err


def test_status_prints_each_line_and_answers_as_a_plug_in(tmp_path: Path, estate: Shop) -> None:
    done = seawall(tmp_path, "--config", str(estate.config), "status")
    lines = [line.split()[:2] for line in done.out.splitlines()[1:14]]
    assert [name for name, _ in lines] == [
        "users", "dns", "cdn", "gateway", "api", "queue", "notifications", "dlq", "workers", "cache", "database",
        "payments", "console",
    ]  # fmt: skip
    assert {health for name, health in lines[:-1]} == {"OK"}
    assert done.code == {"OK": 0, "WARN": 1}[lines[-1][1]]  # the machine that runs the tests may be busy


def test_status_as_json_has_a_schema_and_every_number_its_unit_and_source(tmp_path: Path, estate: Shop) -> None:
    done = seawall(tmp_path, "--config", str(estate.config), "status", "--json")
    document = json.loads(done.out)
    assert document["schema"] == "seawall.status/1"
    assert {each["health"] for each in document["components"] if each["alias"] != "console"} == {"ok"}
    assert {name for name, source in document["sources"].items() if source["failure"] is None} == {
        "prometheus", "kafka", "redis", "kubernetes", "host",
    }  # fmt: skip
    signals = {each["alias"]: each["signals"] for each in document["components"]}
    assert signals["cache"]["hit_rate"]["unit"] == "ratio"
    assert 0.5 < signals["cache"]["hit_rate"]["value"] <= 1
    assert signals["api"]["ready"]["source"] == "kubernetes"


def test_the_screen_without_a_terminal_says_what_to_use_instead(tmp_path: Path, estate: Shop) -> None:
    done = seawall(tmp_path, "--config", str(estate.config))
    assert done.code == 2
    assert "seawall status" in done.err


@pytest.mark.parametrize("verb", ["demo", "simulate"])
def test_an_unknown_scenario_lists_those_there_are(tmp_path: Path, verb: str) -> None:
    done = seawall(tmp_path, verb, "vural-spike")
    assert done.code == 2
    assert "viral-spike" in done.err


def test_a_simulator_that_cannot_write_its_file_says_so_in_one_line(tmp_path: Path) -> None:
    done = seawall(tmp_path, "simulate", "calm", "--config-out", str(tmp_path / "missing" / "seawall.toml"))
    assert done.code == 2
    assert done.out == ""
    assert done.err.splitlines() == [
        f"Error: [Errno 2] No such file or directory: '{tmp_path}/missing/seawall.toml.kubeconfig'"
    ]


def test_the_demo_lists_every_scenario_and_estate_with_what_helps(tmp_path: Path) -> None:
    done = seawall(tmp_path, "demo", "--list")
    assert done.code == 0
    names = [line.split()[0] for line in done.out.splitlines() if line and not line.startswith(" ")]
    estates = names.index("Estates")
    assert names[:estates] == list(SCENARIOS)
    assert names[estates + 1 :] == list(ARCHITECTURES)
    told = " ".join(done.out.split())
    for scenario in SCENARIOS.values():
        for text in (scenario.title, scenario.story, scenario.look, scenario.helps, scenario.costs):
            assert " ".join(text.split()) in told
    assert max(map(len, done.out.splitlines())) <= 100


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script_for_the_shell(tmp_path: Path, shell: str) -> None:
    done = seawall(tmp_path, "completion", shell)
    assert done.code == 0
    assert "_SEAWALL_COMPLETE" in done.out
