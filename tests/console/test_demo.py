"""``seawall demo`` as a newcomer meets it: in a terminal, by keys, until they leave, and when it cannot start."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from tests.console.terminals import terminal

CLI = "console.cli"


def living(word: str) -> list[list[str]]:
    """The command lines of the processes that name it."""
    found = [each.info["cmdline"] or [] for each in psutil.process_iter(["cmdline"])]
    return [line for line in found if any(word in part for part in line)]


@pytest.mark.timeout(90)
def test_leaving_in_the_middle_of_a_run_ends_the_run_and_the_estate(tmp_path: Path) -> None:
    with terminal("demo", module=CLI, TMPDIR=str(tmp_path), XDG_STATE_HOME=str(tmp_path)) as seen:
        seen.until("5/5 pods")
        for keys, shown in ((b"!", "a letter shows the plan"), (b"v", "min_replicas"), (b"\r", "Y makes 8 changes")):
            os.write(seen.master, keys)
            seen.until(shown)
        seen.read(0.6)  # deaf for 0.4
        os.write(seen.master, b"Y")
        seen.until("capacity reads back")
        os.write(seen.master, b"q")
        seen.until("and so does the run on it")
        os.write(seen.master, b"q")
        assert seen.ended() == 0
        assert seen.as_found
        assert not living(str(tmp_path))
        assert not list(tmp_path.glob("seawall-demo-*"))


def test_its_time_runs_faster_and_slower_and_stands_still_by_keys() -> None:
    with terminal("demo", "calm", module=CLI) as seen:
        seen.until("5/5 pods")
        for key, shown in ((b">", "×8"), (b">", "×16"), (b"<", "×8"), (b"=", "time stands still"), (b"=", "×8")):
            os.write(seen.master, key)
            seen.until(shown)
        os.write(seen.master, b"?")
        seen.until("slower, faster, stand still")
        os.write(seen.master, b"qqq")  # in haste: the help is closed once
        seen.until("? help")
        os.write(seen.master, b"q")
        seen.until("q again leaves")
        os.write(seen.master, b"q")
        assert seen.ended() == 0


def test_an_estate_that_cannot_start_is_one_line_after_the_terminal_is_given_back() -> None:
    with terminal("demo", module=CLI) as seen:
        console = psutil.Process(seen.process.pid)
        while not (children := console.children()):
            seen.read(0.01)
        children[0].kill()
        assert seen.ended() == 1
        given_back = seen.written.rindex(b"\x1b[?1049l")
        said = seen.written[given_back:].decode()
        assert "seawall: the simulated estate did not start: it ended without a word\r\n" in said
        assert "Traceback" not in seen.written.decode()


def test_a_connector_that_cannot_work_is_one_line_after_the_terminal_is_given_back(tmp_path: Path) -> None:
    config = tmp_path / "seawall.toml"
    config.write_text(
        '[environments.test.kafka]\nbootstrap = ["127.0.0.1"]\n\n'
        '[[components]]\nalias = "queue"\nlayer = "queue"\nid = "kafka/group/orders"\n'
    )
    with terminal("--config", str(config), module=CLI) as seen:
        assert seen.ended() == 2
        said = seen.written[seen.written.rindex(b"\x1b[?1049l") :].decode()
        assert f"seawall: {config}: kafka: " in said
        assert "Traceback" not in seen.written.decode()
