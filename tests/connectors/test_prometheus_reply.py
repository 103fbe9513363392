"""What replies mean, without a server: one number or why there is none, whatever stands in them."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.failure import Failed
from connectors.prometheus.reply import (
    Answer,
    BadQuery,
    page,
    read_result,
    refusal,
    split,
    together,
    warned,
    warnings_of,
)
from console.model.snapshot import FailureKind

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["metric", "value", "histogram", "seawall_query", "x"]), inner, max_size=3)
    ),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("result", "answer"),
    [
        ([], Answer(None, "no series")),
        ([1.5, "3"], Answer(3.0)),
        ([{"metric": {}, "value": [1, "0"]}], Answer(0.0)),
        ([{"metric": {}, "value": [1, "-Inf"]}], Answer(None, "infinite")),
        ([{"metric": {}, "value": [1, "nan"]}], Answer(None, "NaN")),
        ([{"metric": {}, "value": [1, "1e999"]}], Answer(None, "infinite")),
        ([{"metric": {}, "value": [1, "a\x1bb"]}], Answer(None, "not a number: a b")),
        ([{"metric": {}, "histogram": [1, {}]}], Answer(None, "a histogram, expected a number")),
    ],
)
def test_one_number_or_why_there_is_none(result: object, answer: Answer) -> None:
    assert read_result(result) == answer


@given(JSON)
def test_anything_is_an_answer_or_a_failure_of_ours(result: object) -> None:
    with suppress(Failed):
        assert isinstance(read_result(result), Answer)
    with suppress(Failed):
        assert len(split(result, 3)) == 3


@given(st.lists(st.integers(0, 4), max_size=30))
def test_every_series_is_told_apart_and_none_is_lost(owners: list[int]) -> None:
    result = [{"metric": {"seawall_query": str(n), "i": str(i)}, "value": [1, "1"]} for i, n in enumerate(owners)]
    parts = split(result, 5)
    assert [len(part) for part in parts] == [owners.count(n) for n in range(5)]
    assert sorted(map(str, (one for part in parts for one in part))) == sorted(map(str, result))


@pytest.mark.parametrize("label", ["5", "-1", "0" * 5000, "9" * 5000, "٣", "", "1 "])
def test_a_label_that_was_never_put_there_is_no_answer(label: str) -> None:
    with pytest.raises(Failed, match="not asked"):
        split([{"metric": {"seawall_query": label}, "value": [1, "1"]}], 5)


def test_a_query_alone_is_sent_as_it_is_and_a_comment_swallows_no_other() -> None:
    assert together(["up"]) == "up"
    first, second = together(["a # b", "c"]).split(" or ")
    assert first == 'label_replace((\na # b\n), "seawall_query", "0", "", "")'
    assert second == 'label_replace((\nc\n), "seawall_query", "1", "", "")'


@pytest.mark.parametrize(
    ("document", "warnings"),
    [
        ({"data": {}}, ()),
        ({"warnings": None}, ()),
        ({"warnings": ["a\nb", "a\nb", 7, "c", "d", "e"]}, ("a b", "c", "d")),
        ({"warnings": {"a": 1}, "isPartial": True}, ("partial: some storage nodes did not answer",)),
        ({"isPartial": False}, ()),
    ],
)
def test_warnings_are_few_and_each_a_line(document: dict[str, object], warnings: tuple[str, ...]) -> None:
    assert warnings_of(json.dumps(document).encode()) == warnings


def test_a_number_under_a_warning_carries_it_and_what_is_unknown_does_not() -> None:
    assert warned(Answer(1.0), ("x" * 500,)).note.startswith("the server warns: xxx")
    assert len(warned(Answer(1.0), ("x" * 500,)).note) == 100
    assert warned(Answer(None, "no series"), ("x",)) == Answer(None, "no series")


@pytest.mark.parametrize(
    ("status", "body", "kind", "bad"),
    [
        (400, {"error": "parse error", "errorType": "bad_data"}, FailureKind.PROTOCOL, True),
        (422, {"error": "too many samples", "errorType": "execution"}, FailureKind.PROTOCOL, True),
        (414, {}, FailureKind.PROTOCOL, True),
        (400, {}, FailureKind.PROTOCOL, False),
        (401, {}, FailureKind.EXPIRED, False),
        (403, {}, FailureKind.FORBIDDEN, False),
        (404, {}, FailureKind.NOT_FOUND, False),
        (429, {}, FailureKind.THROTTLED, False),
        (503, {"error": "query timed out", "errorType": "timeout"}, FailureKind.TIMED_OUT, False),
        (504, {}, FailureKind.TIMED_OUT, False),
    ],
)
def test_a_refusal_is_the_querys_or_the_servers(status: int, body: object, kind: FailureKind, bad: bool) -> None:
    failed = refusal(status, "Said", json.dumps(body).encode(), None)
    assert (failed.kind, isinstance(failed, BadQuery), failed.status) == (kind, bad, status)
    assert failed.advice


@pytest.mark.parametrize(
    ("body", "content_type", "is_one"),
    [
        (b"{}", "application/json", False),
        (b"\n <!doctype html>", "application/json", True),
        (b"{}", "Text/HTML; charset=utf-8", True),
        (b"", "", False),
    ],
)
def test_a_page_for_browsers_is_known(body: bytes, content_type: str, is_one: bool) -> None:
    assert page(body, content_type) is is_one
