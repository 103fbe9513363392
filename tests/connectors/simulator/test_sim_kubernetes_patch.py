"""Patches against the RFCs' own examples and Kubernetes' list-merging rules."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.simulator.kubernetes.objects import copied
from connectors.simulator.kubernetes.patch import PatchError, json_patch, merge, strategic

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("document", "patch", "result"),  # RFC 7386, appendix A
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_as_the_rfc_has_it(document: Any, patch: Any, result: Any) -> None:
    assert merge(document, patch) == result


@given(_JSON, _JSON)
def test_merging_twice_changes_nothing_more_and_leaves_the_document_alone(document: Any, patch: Any) -> None:
    before = copied(document)
    once = merge(document, patch)
    assert merge(once, patch) == once
    assert document == before


def test_strategic_merges_containers_by_name_and_replaces_other_lists() -> None:
    document: dict[str, Any] = {
        "containers": [{"name": "a", "image": "1", "args": ["x", "y"]}, {"name": "b", "image": "1"}]
    }
    patch = {"containers": [{"name": "a", "image": "2", "args": ["z"]}, {"name": "c", "image": "3"}]}
    assert strategic(document, patch)["containers"] == [
        {"name": "a", "image": "2", "args": ["z"]},
        {"name": "c", "image": "3"},
        {"name": "b", "image": "1"},
    ]
    assert document["containers"][0]["image"] == "1"


def test_strategic_directives() -> None:
    document = {"containers": [{"name": "a"}, {"name": "b"}], "finalizers": ["x", "y"], "spec": {"k": 1, "l": 2}}
    assert strategic(document, {"containers": [{"name": "a", "$patch": "delete"}]})["containers"] == [{"name": "b"}]
    assert strategic(document, {"containers": [{"$patch": "replace"}, {"name": "c"}]})["containers"] == [{"name": "c"}]
    assert strategic(document, {"spec": {"$patch": "replace", "m": 3}})["spec"] == {"m": 3}
    assert strategic(document, {"spec": {"$retainKeys": ["l"], "l": 4}})["spec"] == {"l": 4}
    assert strategic(document, {"$deleteFromPrimitiveList/finalizers": ["x"]})["finalizers"] == ["y"]
    assert strategic(document, {"finalizers": ["z"]})["finalizers"] == ["x", "y", "z"]


@pytest.mark.parametrize("patch", [{"$patch": "explode"}, {"containers": [{"image": "1"}]}, {"$wrong": 1}])
def test_strategic_refuses_what_it_does_not_understand(patch: Any) -> None:
    with pytest.raises(PatchError):
        strategic({"containers": [{"name": "a"}]}, patch)


@pytest.mark.parametrize(
    ("operations", "result"),
    [
        ([{"op": "add", "path": "/b", "value": 1}], {"a": [1, 2], "b": 1}),
        ([{"op": "add", "path": "/a/1", "value": 9}], {"a": [1, 9, 2]}),
        ([{"op": "add", "path": "/a/-", "value": 9}], {"a": [1, 2, 9]}),
        ([{"op": "remove", "path": "/a/0"}], {"a": [2]}),
        ([{"op": "replace", "path": "/a", "value": {"x~/y": 1}}, {"op": "remove", "path": "/a/x~0~1y"}], {"a": {}}),
        ([{"op": "move", "from": "/a", "path": "/c"}], {"c": [1, 2]}),
        ([{"op": "copy", "from": "/a/0", "path": "/c"}], {"a": [1, 2], "c": 1}),
        ([{"op": "test", "path": "/a/1", "value": 2}], {"a": [1, 2]}),
    ],
)
def test_json_patch_as_the_rfc_has_it(operations: Any, result: Any) -> None:
    document = {"a": [1, 2]}
    assert json_patch(document, operations) == result
    assert document == {"a": [1, 2]}


@pytest.mark.parametrize(
    "operations",
    [
        {"op": "add"},
        [1],
        [{"op": "add"}],
        [{"op": "explode", "path": "/a"}],
        [{"op": "test", "path": "/a/1", "value": 3}],
        [{"op": "remove", "path": "/x"}],
        [{"op": "remove", "path": ""}],
        [{"op": "replace", "path": "/a/7", "value": 1}],
        [{"op": "add", "path": "/a/7", "value": 1}],
        [{"op": "add", "path": "/a/²", "value": 1}],
        [{"op": "add", "path": "/x/y", "value": 1}],
        [{"op": "add", "path": "/a/0/z", "value": 1}],
        [{"op": "move", "from": "/x", "path": "/y"}],
        [{"op": "add", "path": "b", "value": 1}],
    ],
)
def test_json_patch_refuses_what_does_not_apply(operations: Any) -> None:
    with pytest.raises(PatchError):
        json_patch({"a": [1, 2]}, operations)
