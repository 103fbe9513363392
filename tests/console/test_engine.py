"""The engine as the screen uses it, without a runner: offers, plans, refusals, and a journal told."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from console.acting import Mood, Prepared, Refused
from console.engine import Engine, _happening, _Run
from console.model.change import Fact, Mark
from console.model.topology import Topology
from playbooks.journal import Entry, Event, Follower
from playbooks.launch import Launched
from playbooks.plan import Plan
from tests.panels import estates
from tests.panels.stage import environment


def engine(topology: Topology, state: Path, directories: tuple[Path, ...] = ()) -> Engine:
    return Engine(replace(environment(topology), state=state), directories)


@pytest.fixture(scope="module")
def viral() -> Topology:
    return estates.viral()


def test_offers_name_their_keys_defaults_and_bounds(viral: Topology, tmp_path: Path) -> None:
    spike = next(each for each in engine(viral, tmp_path).offers(viral) if each.name == "viral-spike")
    assert spike.key == "v"
    least = next(each for each in spike.parameters if each.name == "min_replicas")
    assert (least.default, least.bounds) == ("20", "int 5 to 100")


def test_what_is_suggested_says_why(viral: Topology, tmp_path: Path) -> None:
    calm = estates.calm()
    hot = {each.name: each.because for each in engine(viral, tmp_path).offers(viral)}
    cold = {each.name: each.because for each in engine(calm, tmp_path).offers(calm)}
    assert "api.cpu above 70% for 1m" in hot["viral-spike"]
    assert cold["viral-spike"] == ""


def test_a_plan_is_lines_and_a_count(viral: Topology, tmp_path: Path) -> None:
    made = engine(viral, tmp_path).prepare("viral-spike", {"min_replicas": "30"}, viral)
    assert made.changes >= 4
    assert any("min_replicas=30" in line for line in made.lines)
    assert any("hpa.min" in line and "5 → 30" in line for line in made.lines)


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("viral-spike", {"min_replicas": "500"}, "5 to 100"),
        ("viral-spike", {"min_replica": "5"}, "min_replica"),
        ("nonesuch", {}, "nonesuch"),
    ],
)
def test_a_refusal_says_what_was_wrong(
    viral: Topology, tmp_path: Path, name: str, given: dict[str, str], said: str
) -> None:
    with pytest.raises(Refused, match=said):
        engine(viral, tmp_path).prepare(name, given, viral)


def test_there_may_be_nothing_to_undo(viral: Topology, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="nothing to undo"):
        engine(viral, tmp_path).prepare_undo(viral)


def test_undo_plans_from_the_marks_without_any_journal(tmp_path: Path) -> None:
    acted = estates.acted()
    made = engine(acted, tmp_path).prepare_undo(acted)
    assert made.undoes == "20261122T140100Z-viral-spike-7f3a"
    assert made.changes == 2
    assert any("20 → 5" in line for line in made.lines)


def test_undo_refuses_a_value_that_another_has_set(tmp_path: Path) -> None:
    acted = estates.acted()
    hpa = "kubernetes/hpa/shop/api"
    facts = tuple(replace(fact, value=42) if fact.name == "hpa.min" else fact for fact in acted.observed[hpa].facts)
    drifted = replace(acted, observed={**acted.observed, hpa: replace(acted.observed[hpa], facts=facts)})
    assert isinstance(facts[0], Fact)
    with pytest.raises(Refused, match="42"):
        engine(drifted, tmp_path).prepare_undo(drifted)


def test_a_mark_that_is_no_run_does_not_stand_in_the_way(tmp_path: Path) -> None:
    acted = estates.acted()
    strange = Fact("replicas", 2, marks=(Mark("zz ../../evil", "x", 1, 2, None),))
    workers = "kubernetes/deployment/shop/workers"
    seen = replace(acted.observed[workers], facts=(strange,))
    made = engine(acted, tmp_path).prepare_undo(replace(acted, observed={**acted.observed, workers: seen}))
    assert made.undoes == "20261122T140100Z-viral-spike-7f3a"


async def test_only_its_own_plans_are_started(viral: Topology, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="not made here"):
        await engine(viral, tmp_path).start(Prepared("x", (), 1, "a plan of somebody's"))


def test_one_wrong_file_does_not_take_the_others_away(viral: Topology, tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("playbook: broken\nbogus: 1\n")
    made = engine(viral, tmp_path, (tmp_path,))
    assert "viral-spike" in {each.name for each in made.offers(viral)}
    assert len(made.problems()) == 1
    assert "broken.yaml" in made.problems()[0]


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A child that does nothing, in a runner's place."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        yield process
        process.kill()


def test_a_damaged_journal_is_told_and_does_not_end_the_screen(
    viral: Topology, tmp_path: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    made, journal = following(engine(viral, tmp_path), viral, tmp_path / "r.jsonl", sleeper)
    journal.write_text("garbage\n")
    said = made.progress("r")
    assert said.code is None
    assert "a line is not an entry" in said.happened[-1].text


def test_a_runner_that_no_file_can_stop_is_stopped_by_a_signal(
    viral: Topology, tmp_path: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    (tmp_path / "file").touch()
    made, _ = following(engine(viral, tmp_path / "file"), viral, tmp_path / "file" / "r.jsonl", sleeper)
    made.stop("r")
    assert sleeper.wait(10) == -signal.SIGTERM


def following(made: Engine, topology: Topology, journal: Path, process: subprocess.Popen[bytes]) -> tuple[Engine, Path]:
    """The engine with a run ``r`` of ``read-only`` that it follows."""
    planned = made.prepare("read-only", {}, topology).token
    assert isinstance(planned, Plan)
    made._runs["r"] = _Run(planned, Launched("r", journal, process), Follower(journal), 0.0)
    return made, journal


@pytest.mark.parametrize(
    ("fields", "mood"),
    [
        ({"event": Event.CHECK, "outcome": "passed"}, Mood.GOOD),
        ({"event": Event.CHECK, "outcome": "inconclusive"}, Mood.UNSURE),
        ({"event": Event.CHECK, "outcome": "waiting"}, Mood.WAITING),
        ({"event": Event.OUTCOME, "outcome": "done"}, Mood.QUIET),
        ({"event": Event.OUTCOME, "outcome": "unknown"}, Mood.UNSURE),
        ({"event": Event.OUTCOME, "outcome": "rejected"}, Mood.BAD),
        ({"event": Event.END, "exit": 0}, Mood.GOOD),
        ({"event": Event.END, "exit": 23}, Mood.UNSURE),
        ({"event": Event.END, "exit": 21}, Mood.BAD),
    ],
)
def test_no_data_never_reads_as_success_or_failure(fields: dict[str, object], mood: Mood) -> None:
    entry = Entry(run="r", seq=1, time=0.0, **fields)  # type: ignore[arg-type]
    assert _happening(entry).mood is mood
