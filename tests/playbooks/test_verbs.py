"""``seawall playbook``: exit codes, one line for each mistake, and nothing written by it."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from console.cli import seawall
from console.cli.playbook_run import undo_command
from console.config import load
from playbooks.exits import WORDS, Exit, Refused
from playbooks.journal import being_written, path_of
from playbooks.library import find, guard_of

RUN = "20261122T140207Z-small-7f3a"
CONFIG = """\
environment = "{name}"
[environments.{name}]
production = {production}
state = "{state}"
[environments.{name}.redis]
name = "cache"
url = "redis://127.0.0.1:1/0"
[aliases]
features = "redis/cache"
edge = "redis/cache"
[features]
P2 = ["reviews"]
[[components]]
alias = "cache"
layer = "cache"
id = "redis/cache"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "seawall.toml"
    path.write_text(CONFIG.format(name="demo", production="false", state=tmp_path / "state"))
    return path


def seawall_playbook(*arguments: str, config: Path | None = None) -> Result:
    options = ["--config", str(config)] if config else []
    return CliRunner().invoke(seawall, [*options, "playbook", *arguments])


def test_list() -> None:
    result = seawall_playbook("list", "--json")
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert document["schema"] == "seawall.playbooks/1"
    assert {each["name"]: each["key"] for each in document["playbooks"]} == {
        "viral-spike": "v",
        "read-only": "r",
        "scale-workers": "w",
    }


def test_show() -> None:
    result = seawall_playbook("show", "viral-spike")
    assert result.exit_code == 0
    assert "user_rate        int, default 100, 10 to 1000" in result.stdout
    assert "1. ttl  redis.ttl cache; verified by: reads back" in result.stdout
    document = json.loads(seawall_playbook("show", "viral-spike", "--json").stdout)
    assert document["schema"] == "seawall.playbook/1"


MISTAKES = [
    (("plan", "viral-spik"), "no playbook 'viral-spik'; did you mean 'viral-spike'?"),
    (("plan", "viral-spike", "-p", "user_rate=5"), "parameter 'user_rate': expected 10 to 1000, not 5"),
    (("plan", "viral-spike", "-p", "user_rat=50"), "no parameter 'user_rat'; did you mean 'user_rate'?"),
    (("plan", "viral-spike", "-p", "user_rate"), "-p user_rate: expected NAME=VALUE"),
    (("run", "viral-spike", "--yes", "-p", "cache_ttl=600"), "parameter 'cache_ttl': expected a duration"),
    (("run", "viral-spike", "-p", "user_rate=50", "-p", "user_rate=60"), "-p user_rate is given twice"),
    (("undo", "../../etc/passwd", "--yes"), "is not the id of a run"),
    (("run", "nowhere.yaml", "--yes"), "nowhere.yaml: No such file or directory"),
]


@pytest.mark.parametrize(("arguments", "expected"), MISTAKES, ids=[" ".join(each) for each, _ in MISTAKES])
def test_a_mistake_is_one_line_and_writes_nothing(config: Path, arguments: tuple[str, ...], expected: str) -> None:
    result = seawall_playbook(*arguments, config=config)
    assert result.exit_code == Exit.USAGE
    assert expected in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""
    assert not (config.parent / "state").exists()


def test_a_typo_in_a_file_names_file_and_line(config: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("playbook: mine\ntitle: Mine\nstesp: []\n")
    result = seawall_playbook("plan", str(file), config=config)
    assert result.exit_code == Exit.USAGE
    assert "mine.yaml:3: 'stesp' is not known here; did you mean 'steps'?" in result.stderr


@pytest.mark.parametrize("verb", ["plan", "run"])
def test_a_closed_port_is_unreachable_and_nothing_is_written(config: Path, verb: str) -> None:
    options = ("--yes",) if verb == "run" else ()
    result = seawall_playbook(verb, "read-only", *options, config=config)
    assert result.exit_code == Exit.UNREACHABLE
    assert "redis/cache: " in result.stderr
    assert "127.0.0.1:1" in result.stderr
    assert not (config.parent / "state").exists()


def test_stopping_what_does_not_run(config: Path) -> None:
    result = seawall_playbook("stop", RUN, config=config)
    assert result.exit_code == 0
    assert "no runner is at work on it" in result.stderr


@pytest.mark.parametrize("verb", ["run", "undo", "stop"])
def test_a_state_directory_that_can_be_none(tmp_path: Path, verb: str) -> None:
    (tmp_path / "file").touch()
    config = tmp_path / "seawall.toml"
    config.write_text(CONFIG.format(name="demo", production="false", state=tmp_path / "file" / "state"))
    with pytest.raises(Refused, match="Not a directory") as refused:
        being_written(path_of(load(config).state, RUN))
    assert refused.value.exit is Exit.UNREACHABLE
    if verb != "run":
        result = seawall_playbook(verb, RUN, config=config)
        assert result.exit_code == Exit.UNREACHABLE
        assert result.stderr.count("\n") == 1


def test_a_name_that_is_too_long_for_a_file(config: Path) -> None:
    assert seawall_playbook("stop", "a" * 300, config=config).exit_code == Exit.USAGE


def test_ctrl_c_before_anything_was_done(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("console.cli.playbook.find", interrupted)
    result = seawall_playbook("plan", "viral-spike", config=config)
    assert result.exit_code == Exit.CANCELLED_CLEAN
    assert result.stderr == "seawall: interrupted; nothing was done\n"


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own playbooks."""
    directory = tmp_path / "playbooks"
    directory.mkdir()
    monkeypatch.setattr("playbooks.library.own_directories", lambda: (directory,))
    return directory


def test_a_file_that_is_wrong_does_not_take_the_others_away(own: Path) -> None:
    (own / "broken.yaml").write_text("playbook: broken\nstesp: []\n")
    taken = find("read-only").source.replace("playbook: read-only", "playbook: mine")
    (own / "mine.yaml").write_text(taken)
    result = seawall_playbook("list")
    assert result.exit_code == Exit.USAGE
    assert "broken.yaml:2: 'stesp' is not known here" in result.stderr
    assert "read-only.yaml: key 'r' is taken by mine" in result.stderr
    assert "v  viral-spike" in result.stdout
    assert "r  mine" in result.stdout
    assert "   read-only" in result.stdout


def test_a_broken_playbook_does_not_stand_in_the_way_of_its_undo(own: Path) -> None:
    assert guard_of("viral-spike", [own]) is not None
    (own / "viral-spike.yaml").write_text("playbook: [")
    assert guard_of("viral-spike", [own]) is None


def test_the_undo_command_can_be_pasted(tmp_path: Path) -> None:
    (tmp_path / "my files").mkdir()
    config = tmp_path / "my files" / "seawall.toml"
    config.write_text(CONFIG.format(name="demo", production="false", state=tmp_path))
    words = shlex.split(undo_command(load(config), RUN))
    assert words == ["seawall", "--config", str(config), "--environment", "demo", "playbook", "undo", RUN]


def test_every_exit_code_is_in_the_docs() -> None:
    text = (Path(__file__).parents[2] / "docs" / "exit-codes.md").read_text()
    for code in Exit:
        assert f"| {int(code)} |" in text
    assert set(WORDS) == set(Exit)
