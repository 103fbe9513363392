"""What workloads live among, below them: nodes, quotas, budgets, jobs and schedules, the troubled first."""

from __future__ import annotations

import pytest

from console.model.layout import Layout
from console.model.observe import empty, observe
from console.model.signal import Signal, Unit
from console.model.snapshot import Detail, Observed, Snapshot
from panels import inspection, pods
from panels.line import Row, text_of
from panels.scene import Scene

AT = 1000.0


def one(component: str, state: str, signal: str = "", value: float | None = None, *notes: str) -> Observed:
    signals = (Signal(signal, value, Unit.COUNT, AT, "kubernetes"),) if signal else ()
    return Observed(component, signals, state=state, notes=notes)


def shown(*components: Observed, width: int = 140) -> tuple[Row, ...]:
    topology = observe(empty(Layout(())), Snapshot("kubernetes", AT, 0.1, components))
    return pods.rows(Scene(topology, now=AT, wall=AT, width=width, height=40))


def keys(rows: tuple[Row, ...]) -> list[str]:
    return [row.key for row in rows if row.key]


def test_trouble_comes_first_and_healthy_nodes_are_one_row() -> None:
    nodes = [one(f"kubernetes/node/n{number}", "Ready", "up", 1) for number in range(50)]
    rows = shown(
        *nodes,
        one("kubernetes/nodes", "NotReady", "nodes_not_ready", 1, "not ready: n9"),
        one("kubernetes/node/n9", "NotReady", "up", 0, "silent"),
        one("kubernetes/pdb/shop/api", "Allowed", "disruptions_allowed", 2),
        one("kubernetes/job/shop/bad", "Failed", "failed", 7, "BackoffLimitExceeded"),
        one("kubernetes/deployment/shop/api", "Available", "desired", 1),
    )
    assert keys(rows) == [
        "kubernetes/deployment/shop/api",
        "kubernetes/nodes",
        "kubernetes/node/n9",
        "kubernetes/job/shop/bad",
        "kubernetes/pdb/shop/api",
    ]
    text = "\n".join(text_of(row.line) for row in rows)
    assert "BackoffLimitExceeded" in text
    assert "not ready: n9" in text


def test_an_unknown_value_is_a_question_mark_and_hostile_text_is_inert() -> None:
    rows = shown(one("kubernetes/cronjob/shop/n\x1b[2Jight", "Scheduled", "since_start", None, "at \u202e* * *"))
    text = text_of(rows[-1].line)
    assert "?" in text.split()
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_the_rows_are_bounded() -> None:
    rows = shown(*(one(f"kubernetes/job/shop/j{number}", "Running", "failed", 0) for number in range(100)))
    assert len(keys(rows)) == 40
    assert text_of(rows[-1].line).strip() == "and 60 more"


def test_the_last_column_of_a_drill_down_takes_what_is_left() -> None:
    log = "level=error " + "x" * 60
    answer = Detail("x", 0.0, "pod", ("what", "text"), (("log " + "y" * 60, log), ("log", "short")))
    found = [text_of(row.line).rstrip() for row in inspection.rows(answer, 140)]
    assert found[-2].endswith(log)
    assert found[-1].split() == ["log", "short"]
    assert all(len(line) <= 80 for line in (text_of(row.line) for row in inspection.rows(answer, 80)))


@pytest.mark.parametrize("name", ["api", "keda-hpa-api"])
def test_the_autoscaler_of_a_workload_in_a_cluster_with_a_name_of_its_own(name: str) -> None:
    hpa = one(f"kubernetes-eu/hpa/shop/{name}", "", "hpa.current", 7)
    twin = one("kubernetes/hpa/shop/api", "", "hpa.current", 3)
    rows = shown(one("kubernetes-eu/deployment/shop/api", "Available", "desired", 7), hpa, twin)
    assert text_of(rows[-1].line).split()[:4] == ["api", "?/7", "?", "7"]
