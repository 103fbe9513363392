"""Architectures are data: this checks the data, and that a wrong file says where it is wrong."""

from __future__ import annotations

from importlib.resources import files

import pytest

from connectors.simulator.architecture import (
    ARCHITECTURES,
    DEFAULT,
    Architecture,
    BadArchitecture,
    UnknownArchitecture,
    architecture_named,
    architecture_of,
)

SHOP = files("connectors.simulator").joinpath("architectures", "shop.toml").read_text(encoding="utf-8")


@pytest.fixture(params=ARCHITECTURES)
def architecture(request: pytest.FixtureRequest) -> Architecture:
    return architecture_named(request.param)


def test_the_shop_comes_first() -> None:
    assert ARCHITECTURES[0] == DEFAULT == "shop"


def test_each_says_what_a_person_needs(architecture: Architecture) -> None:
    assert all((architecture.title, architecture.story, architecture.namespace))


def test_each_flag_is_one_that_the_model_obeys(architecture: Architecture) -> None:
    features = {f"flag.{name}" for name in architecture.features} | {"flag.read_only"}
    groups = {f"ttl.{group.name}" for group in architecture.cache.groups}
    assert architecture.flags.keys() <= features | groups
    assert architecture.flags.keys() >= features


def test_each_has_somebody_to_consume_its_topics(architecture: Architecture) -> None:
    for topic in architecture.consumed:
        assert architecture.workload(topic.workload).replicas > 0
        assert topic.partitions >= 1


def test_an_unknown_name_lists_those_there_are() -> None:
    with pytest.raises(UnknownArchitecture, match="no architecture 'shp': choose one of shop"):
        architecture_named("shp")


def test_a_workload_that_is_not_there() -> None:
    with pytest.raises(KeyError):
        architecture_named("shop").workload("nobody")


@pytest.mark.parametrize(
    ("there", "instead", "said"),
    [
        ("rate = 4000", "rate = 'many'", r"Expected `float`, got `str` - at `\$.users.rate`"),
        ("rate = 4000", "speed = 4000", r"`speed`.*`\$.users`"),
        ('workload = "api"', 'workload = "apis"', "fronts.workload: no 'apis'"),
        ("share = 1.0", "share = 0.5", "cache.groups.share: 0.5 in all, not 1"),
        ('after = "orders"', 'after = "order"', "topics.after: no 'order'"),
        ("[users]", "[users", "Expected ']'"),
    ],
)
def test_a_file_that_is_wrong_says_where(there: str, instead: str, said: str) -> None:
    assert there in SHOP
    with pytest.raises(BadArchitecture, match=f"bad.toml: .*{said}"):
        architecture_of("bad", SHOP.replace(there, instead))
