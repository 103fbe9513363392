"""The estate as a child process: its one line, its files, and how it ends."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import stat
import subprocess
import sys
import tomllib
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.simulator.architecture import architecture_named
from connectors.simulator.clock import SimClock
from connectors.simulator.estate import Addresses
from connectors.simulator.estate_config import preview
from connectors.simulator.files import exports_text, leave, write

ADDRESSES = Addresses(
    prometheus="http://127.0.0.1:1",
    kafka=("127.0.0.1:2", "127.0.0.1:3", "127.0.0.1:4"),
    redis="redis://127.0.0.1:5/0",
    kubernetes="http://127.0.0.1:6",
    kubeconfig="kind: Config\n",
)


@pytest.mark.parametrize(
    ("redis", "settings"),
    [
        ({}, {"url": "redis://127.0.0.1:5/0"}),
        ({"clustered": True}, {"url": "redis://127.0.0.1:5/0", "cluster": True}),
        ({"sentinel": "127.0.0.1:7"}, {"sentinels": ["127.0.0.1:7"], "master": "mymaster"}),
    ],
)
def test_the_config_says_what_its_redis_is_made_of(
    tmp_path: Path, redis: dict[str, object], settings: dict[str, object]
) -> None:
    config = tmp_path / "seawall.toml"
    at = replace(ADDRESSES, **redis)  # type: ignore[arg-type]
    leave(at, architecture_named("shop"), SimClock(), config, None)
    told = tomllib.loads(config.read_text())["environments"]["demo"]["redis"]
    assert told == {"name": "cache", "flags_key": "seawall:flags", **settings}


Simulator = Callable[..., Awaitable[Process]]


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """Starts simulators, and ends those that a failing test left running."""
    started: list[Process] = []

    async def start(*arguments: str) -> Process:
        command = (sys.executable, "-m", "connectors.simulator", *arguments)
        started.append(await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=PIPE))
        return started[-1]

    yield start
    for process in started:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def first_line(process: Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(30):
        return (await process.stdout.readline()).decode()


async def ended(process: Process) -> tuple[int | None, str, str]:
    async with asyncio.timeout(15):
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_says_that_it_is_ready_and_ends_cleanly_on_a_signal(
    simulator: Simulator, tmp_path: Path, number: signal.Signals
) -> None:
    config, env = tmp_path / "seawall.toml", tmp_path / "env.sh"
    process = await simulator("--scenario", "calm", "--config-out", str(config), "--env-out", str(env))
    line = await first_line(process)
    assert line.startswith("ready prometheus=http://127.0.0.1:")
    settings = tomllib.loads(config.read_text())["environments"]["demo"]
    for address in (settings["prometheus"]["url"], settings["redis"]["url"], ",".join(settings["kafka"]["bootstrap"])):
        assert f"={address}" in line
    assert settings["kubernetes"]["kubeconfig"] == f"{config}.kubeconfig"
    process.send_signal(number)
    assert await ended(process) == (0, "", "")


async def test_it_ends_with_the_process_that_started_it(simulator: Simulator) -> None:
    process = await simulator("--until-stdin-ends", "--speed", "20")
    await first_line(process)
    assert process.stdin is not None
    process.stdin.close()
    assert await ended(process) == (0, "", "")


def test_an_input_without_an_end_cannot_be_waited_for() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "connectors.simulator", "--until-stdin-ends"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=15,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1].endswith("standard input is no pipe, socket or terminal")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--scenario", "virul"), "invalid choice: 'virul' (choose from 'calm', "),
        (("--speed", "0"), "'0' is no number above 0"),
        (("--speed", "201"), "'201' is no number above 0 and at most 200"),
        (("--speed", "fast"), "'fast' is no number above 0"),
    ],
)
async def test_a_bad_argument_is_one_clear_line_and_exit_2(
    simulator: Simulator, arguments: tuple[str, ...], complaint: str
) -> None:
    code, out, err = await ended(await simulator(*arguments))
    assert (code, out) == (2, "")
    assert complaint in err
    assert "Traceback" not in err


async def test_a_file_that_cannot_be_written_is_exit_1(simulator: Simulator, tmp_path: Path) -> None:
    code, out, err = await ended(await simulator("--config-out", str(tmp_path / "missing" / "seawall.toml")))
    assert (code, out) == (1, "")
    assert "missing" in err
    assert "Traceback" not in err


def test_every_file_is_its_owners_alone(tmp_path: Path) -> None:
    leave(ADDRESSES, architecture_named("shop"), SimClock(), tmp_path / "seawall.toml", tmp_path / "env.sh")
    found = sorted(tmp_path.iterdir())
    assert [path.name for path in found] == ["env.sh", "seawall.toml", "seawall.toml.kubeconfig", "seawall.toml.pace"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in found} == {0o600}


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError, match="taken"):
        write(tmp_path / "taken", "text")
    assert os.listdir(tmp_path) == ["taken"]


def test_the_exports_survive_a_shell() -> None:
    text = exports_text(ADDRESSES, Path("/tmp/it's here/kubeconfig"))
    words = [shlex.split(line) for line in text.splitlines()]
    assert words == [
        ["export", "KUBECONFIG=/tmp/it's here/kubeconfig"],
        ["export", "REDIS_URL=redis://127.0.0.1:5/0"],
        ["export", "KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:2,127.0.0.1:3,127.0.0.1:4"],
        ["export", "PROMETHEUS_URL=http://127.0.0.1:1"],
    ]


def test_a_sentinel_is_exported_where_there_is_one() -> None:
    assert "SENTINEL" not in exports_text(ADDRESSES, Path("kubeconfig"))
    text = exports_text(replace(ADDRESSES, sentinel="127.0.0.1:7"), Path("kubeconfig"))
    assert "export REDIS_SENTINEL=127.0.0.1:7" in text.splitlines()


def test_the_config_is_toml_whatever_the_path() -> None:
    awkward = Path('/tmp/a "b" \\c $d')
    config = tomllib.loads(preview(architecture_named("shop"), awkward, 20.0))
    demo = config["environments"]["demo"]
    assert Path(demo["kubernetes"]["kubeconfig"]).parent == awkward
    assert demo["speed"] == 20.0
    assert [component["layer"] for component in config["components"]] == [
        *("users", "dns", "cdn", "gateway", "api", "queue", "queue", "queue"),
        *("workers", "cache", "database", "third parties", "console"),
    ]
    assert {component["alias"] for component in config["components"]} | config["aliases"].keys() >= {"edge", "dlq"}
