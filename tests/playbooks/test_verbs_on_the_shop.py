"""The verbs as a script uses them, against the simulated shop: each a process of its own, with its exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import IO

import pytest
import redis

from playbooks.exits import Exit
from playbooks.journal import being_written, path_of, read, runs
from tests.playbooks.shop import Shop, shop, until

SPEED = 60.0


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with shop(tmp_path_factory.mktemp("calm"), "calm", SPEED) as opened:
        text = opened.config.read_text()
        opened.config.write_text(text.replace("interval = 1.0", "interval = 0.2"))
        yield opened


def argv(calm: Shop, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "console.cli", "--config", str(calm.config), "playbook", *arguments]


def verb(calm: Shop, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv(calm, *arguments), capture_output=True, text=True, timeout=60, check=False)


def test_plan_approve_run_and_undo(calm: Shop) -> None:
    before = calm.facts()
    planned = verb(calm, "plan", "read-only", "--json")
    assert planned.returncode == Exit.CHANGES
    plan = json.loads(planned.stdout)
    assert plan["schema"] == "seawall.plan/1"
    assert plan["steps"][0]["changes"][0] == {"fact": "flag.read_only", "before": False, "after": True, "lasts": 3600.0}

    refused = verb(calm, "run", "read-only", "--approve", "0" * 16)
    assert refused.returncode == Exit.STALE
    assert verb(calm, "run", "read-only").returncode == Exit.USAGE  # nobody to ask
    assert calm.facts() == before

    done = verb(calm, "run", "read-only", "--approve", plan["hash"], "--json")
    assert done.returncode == Exit.OK, done.stderr
    run = json.loads(done.stdout)["run"]
    assert "step read-only done" in done.stderr
    assert verb(calm, "plan", "read-only").returncode == Exit.OK  # already so

    refused = drifted(calm, run)
    assert refused.returncode == Exit.DRIFTED
    assert "flag.read_only: on was set, off is there" in refused.stderr

    assert verb(calm, "undo", run, "--yes").returncode == Exit.OK
    assert calm.facts() == before
    assert verb(calm, "undo", run, "--yes").returncode == Exit.OK


def drifted(calm: Shop, run: str) -> subprocess.CompletedProcess[str]:
    """An undo while someone else's value is there; the run's own is put back afterwards."""
    with redis.Redis.from_url(calm.addresses["redis"]) as client:
        ours = client.hget("seawall:flags", "flag.read_only")
        assert isinstance(ours, bytes)
        client.hset("seawall:flags", "flag.read_only", '{"on": false}')
        refused = verb(calm, "undo", run, "--yes")
        client.hset("seawall:flags", "flag.read_only", ours)
    return refused


def test_ctrl_c_stops_the_runner_after_the_write_it_is_in(calm: Shop) -> None:
    before = calm.facts()
    with subprocess.Popen(argv(calm, "run", "viral-spike", "--yes"), stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.rstrip().endswith("done"):
                process.send_signal(signal.SIGINT)
                break
        told = process.stderr.read()
        assert process.wait(30) == Exit.CANCELLED_PART, told
    assert "asked to stop" in told
    run = runs(calm.environment.state)[-1]
    assert calm.facts() != before
    assert verb(calm, "undo", run, "--yes").returncode == Exit.OK
    assert calm.facts() == before


def test_a_second_ctrl_c_leaves_a_runner_that_does_not_answer(calm: Shop) -> None:
    before = calm.facts()
    with subprocess.Popen(argv(calm, "run", "viral-spike", "--yes"), stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        told = heard(process.stderr, "done")
        run = runs(calm.environment.state)[-1]
        runner = int(told.split(" pid ")[1].split(":")[0])
        os.kill(runner, signal.SIGSTOP)
        try:
            process.send_signal(signal.SIGTERM)
            heard(process.stderr, "asked to stop")
            process.send_signal(signal.SIGINT)
            told = process.stderr.read()
            assert process.wait(30) == Exit.KILLED, told
            assert told.rstrip().endswith(f"--environment demo playbook undo {run}")
            refused = verb(calm, "undo", run, "--yes")
            assert refused.returncode == Exit.LOCKED
            assert f"pid {runner}" in refused.stderr
        finally:
            os.kill(runner, signal.SIGCONT)
    until(lambda: not being_written(path_of(calm.environment.state, run)))
    assert read(path_of(calm.environment.state, run)).exit == Exit.CANCELLED_PART
    assert verb(calm, "undo", run, "--yes").returncode == Exit.OK
    assert calm.facts() == before


def heard(lines: IO[str], last: str) -> str:
    """What was said up to a line that has these words."""
    told = ""
    for line in lines:
        told += line
        if last in line:
            return told
    raise AssertionError(told)


def test_a_detached_run_can_be_stopped_from_elsewhere(calm: Shop) -> None:
    before = calm.facts()
    run = verb(calm, "run", "viral-spike", "--yes", "--detach", "--on-cancel", "undo").stdout.strip()
    assert verb(calm, "stop", run).returncode == 0
    undone = verb(calm, "undo", run, "--yes")
    while undone.returncode == Exit.LOCKED:  # its runner is still on its way out
        undone = verb(calm, "undo", run, "--yes")
    assert undone.returncode == Exit.OK, undone.stderr
    assert calm.facts() == before
