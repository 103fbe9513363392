"""``host:port`` in all the ways that people and servers write it, and where a map leads."""

from __future__ import annotations

import pytest

from connectors.address import aimed, joined, mapped, split


@pytest.mark.parametrize(
    ("text", "default", "told"),
    [
        ("cache:7000", None, ("cache", 7000)),
        ("cache", 6379, ("cache", 6379)),
        ("[::1]:7000", None, ("::1", 7000)),
        ("[fe80::1%eth0]", 53, ("fe80::1%eth0", 53)),
    ],
)
def test_a_host_and_its_port(text: str, default: int | None, told: tuple[str, int]) -> None:
    assert split(text, default) == told
    assert split(joined(*told)) == told


@pytest.mark.parametrize("text", ["", ":1", "a", "a:", "a:0", "a:99999", "a:port", "a:¹", "::1", "[::1", "[::1]7000"])
def test_what_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="is not like"):
        split(text)


def test_what_stands_before_an_at_is_not_quoted() -> None:
    with pytest.raises(ValueError, match="is not like") as refused:
        split("ann:canary@cache:x")
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize(
    ("address", "there"),
    [
        ("10.0.0.1:7000", "127.0.0.1:9001"),  # by its whole name before its host
        ("10.0.0.1:7001", "gate:7001"),
        ("10.0.0.2:7000", "127.0.0.1:7100"),  # by a pattern last
        ("10.0.0.2:7002", "10.0.0.2:7002"),
        ("[fd00::2]:7002", "[::1]:7002"),
    ],
)
def test_the_most_exact_rule_leads_the_way(address: str, there: str) -> None:
    rules = {"*:7000": "127.0.0.1:7100", "10.0.0.1": "gate", "10.0.0.1:7000": "127.0.0.1:9001", "fd00::2": "[::1]"}
    assert mapped(address, rules) == there


@pytest.mark.parametrize("target", ["", ":", "b:c", ":9092", "::1"])
def test_a_rule_that_leads_nowhere(target: str) -> None:
    with pytest.raises(ValueError, match="is not like"):
        aimed(target, 9092)
