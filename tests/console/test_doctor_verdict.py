"""Whether a playbook could run: refused beats unknown, unknown beats could, and each says why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console.doctor.verdict import Verdict, verdict
from console.model.examination import Finding, Grade, Write
from playbooks import library
from playbooks.needs import needs_of
from tests.playbooks.small_estate import HPA, LAYOUT, WORKERS, SmallEstate, with_layout

REPLICAS = Write(WORKERS, "replicas")
YES = Finding("set replicas", Grade.YES, write=REPLICAS)
NO = Finding("set replicas", Grade.NO, "403 forbidden", "ask for patch on deployments", REPLICAS)
UNKNOWN = Finding("set replicas", Grade.UNKNOWN, "nobody to ask", write=REPLICAS)


def judged(*answers: Finding, estate: SmallEstate | None = None, name: str = "scale-workers") -> Verdict:
    estate = estate or SmallEstate()
    topology = estate.look(estate.topology)
    found = {each.write: each for each in answers if each.write is not None}
    return verdict(needs_of(library.find(name), topology.layout), topology, found, "test", 0.0)


@pytest.mark.parametrize(
    ("answer", "grade", "reasons"),
    [
        (YES, Grade.YES, ()),
        (NO, Grade.NO, (f"set replicas of {WORKERS}: 403 forbidden; ask for patch on deployments",)),
        (UNKNOWN, Grade.UNKNOWN, (f"set replicas of {WORKERS}: nobody to ask",)),
    ],
)
def test_the_answer_about_a_write_decides(answer: Finding, grade: Grade, reasons: tuple[str, ...]) -> None:
    assert (judged(answer).grade, judged(answer).reasons) == (grade, reasons)


def test_a_write_that_nobody_was_asked_about_is_not_a_yes() -> None:
    assert judged().grade is Grade.UNKNOWN
    assert judged().reasons == (f"set replicas of {WORKERS}: nobody could be asked",)


def test_a_target_that_cannot_be_read_is_unknown_although_it_were_permitted() -> None:
    estate = SmallEstate()
    estate.topology = with_layout(SmallEstate().topology, LAYOUT)
    estate.down.add("kubernetes")
    found = judged(YES, estate=estate)
    assert (found.grade, found.reasons) == (Grade.UNKNOWN, (f"{WORKERS}: kubernetes: connection refused",))


def test_what_a_plan_refuses_could_not_be_done() -> None:
    estate = SmallEstate()
    estate.owners[(WORKERS, "replicas")] = "KEDA"
    found = judged(YES, estate=estate)
    assert found.grade is Grade.NO
    assert "replicas are set by KEDA" in found.reasons[0]


def test_a_playbook_for_another_estate_is_neither() -> None:
    estate = SmallEstate()
    estate.topology = with_layout(estate.topology, replace(LAYOUT, placements=LAYOUT.placements[:1]))
    assert judged(estate=estate).grade is Grade.NOTE


def test_signals_that_nothing_measures_are_named() -> None:
    estate = SmallEstate()
    estate.signals.pop((WORKERS, "ready"))
    assert judged(YES, estate=estate).unproven == ("workers.ready",)
    assert judged(YES).unproven == ()


def test_every_write_of_a_playbook_is_there_with_its_answer() -> None:
    no = Finding("set hpa.max", Grade.NO, write=Write(HPA, "hpa.max"))
    answers = dict(judged(no, name="viral-spike").writes)
    assert answers[Write(HPA, "hpa.max")] is no
    assert answers[Write(HPA, "hpa.min")] is None
