"""A playbook's file is read strictly: each mistake is one line that names file, line and what was expected."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playbooks.document import LARGEST, parse
from playbooks.exits import Exit, PlaybookError
from playbooks.library import OWN
from playbooks.playbook import ReadBack, SignalCheck, StillOurs
from playbooks.reading import read, read_file
from playbooks.values import Ref

GOOD = """\
playbook: small
title: A small one
params:
  rate: {type: int, default: 100, min: 10, max: 1000}
  mode: {type: choice, choices: [disabled, default], default: disabled}
steps:
  - id: rate
    action: redis.rate_limit
    target: edge
    with: {per: user, rate: $rate}
    verify: [{read_back: true}, {signal: api.cpu, below: 70%, for: 60s, within: 2m}, {still_ours: 45s}]
    expires: 30m
"""


def test_a_good_one() -> None:
    found = read(GOOD, "small.yaml")
    step = found.steps[0]
    assert step.given == {"per": "user", "rate": Ref("rate")}
    assert step.expires == 1800
    assert step.verify == (
        ReadBack(),
        SignalCheck("api.cpu", step.verify[1].comparison, 0.7, 60, 120),  # type: ignore[union-attr]
        StillOurs(45),
    )
    assert found.params[0].bounds == "10 to 1000"


MISTAKES = {
    "typo in a key": ("title:", "titel:", "small.yaml:2: 'titel' is not known here; did you mean 'title'?"),
    "typo in an action": ("redis.rate_limit", "redis.rate_limt", ":8: no action 'redis.rate_limt'; did you mean"),
    "typo in a step's key": ("target: edge", "taget: edge", ":9: 'taget' is not known here; did you mean 'target'?"),
    "typo in with": ("{per: user, rate", "{per: user, rat", ":10: 'rat' is not known here; did you mean 'rate'?"),
    "typo in a parameter": ("rate: $rate", "rate: $rte", ":10: no parameter 'rte' may stand here; did you mean 'rate'"),
    "a parameter of another type": ("per: user", "per: $rate", ":10: expected a plain word, and 'rate' is a whole"),
    "a value that is not a choice": ("per: user", "per: ip", ":10: expected one of user, not ip"),
    "a key twice": ("title: A small one", "title: A\ntitle: B", ":3: 'title' is there twice"),
    "a step twice": (
        "    expires: 30m",
        "  - {id: rate, action: redis.ttl, target: cache, with: {group: a, ttl: 1m}}",
        ":12: step 'rate' is there twice",
    ),
    "an anchor": ("title: A small one", "title: &a A small one", ":2: anchors and aliases are not allowed"),
    "an alias": ("title: A small one", "title: *a", ":2: anchors and aliases are not allowed"),
    "a tag": ("title: A small one", "title: !!str A small one", ":2: tags are not allowed"),
    "a python tag": ("title: A", "title: !!python/object/apply:os.system [A]\nx: A", ":2: tags are not allowed"),
    "a merge key": ("title: A small one", "<<: {title: x}", ":2: '<<' is not known here"),
    "not YAML": ("title: A small one", "title: [A", ": not YAML"),
    "two documents": ("playbook: small", "a: 1\n---\nplaybook: small", ": one document a file"),
    "no steps": ("steps:", "steps: []\nx:", "small.yaml:7: 'x' is not known here"),
    "a missing title": ("title: A small one\n", "", "small.yaml:1: 'title' is missing"),
    "a default out of bounds": ("default: 100", "default: 5", ":4: default of 'rate': expected 10 to 1000, not 5"),
    "a wrong default": ("default: 100", "default: many", ":4: default of 'rate': expected a whole number"),
    "a yes that YAML 1.1 took for true": ("read_back: true", "read_back: yes", ":11: expected 'read_back: true'"),
    "no unit": ("expires: 30m", "expires: 30", ":12: expected a duration such as 90s"),
    "a wrong unit": ("expires: 30m", "expires: 30x", ":12: expected a duration such as 90s"),
    "two comparisons": ("below: 70%", "below: 70%, above: 1", ":11: expected exactly one of above, below"),
    "no comparison": ("below: 70%, ", "", ":11: expected exactly one of above, below"),
    "not a signal": ("signal: api.cpu", "signal: 'rate(x[1m])'", ":11: expected a signal such as api.cpu"),
    "a later word": ("steps:", "ladder: []\nsteps:", ":6: 'ladder' is not known here"),
    "a host for a target": ("target: edge", "target: 'redis://h:1/0 x'", ":9: expected a component's id or alias"),
    "an unfit name": ("playbook: small", "playbook: Small One", ":1: expected a name of lower-case letters"),
    "an unfit key": ("playbook: small", "playbook: small\nkey: abc", ":2: expected one letter or digit"),
    "a failure policy": (
        "    expires: 30m",
        "    on_failure: undo",
        ":12: expected on_failure, not 'undo'; did you mean",
    ),
    "nothing wanted": ("with: {per: user, rate: $rate}", "with: {}", ":10: redis.rate_limit needs 'rate'"),
    "an escape": ("title: A small one", 'title: "\\e[2J"', ":2: characters that cannot be printed"),
    "half a surrogate pair": ("title: A small one", 'title: "\\uD800"', ":2: characters that cannot be printed"),
    "a parameter in suggest": ("steps:", "suggest: {any: [{signal: a.b, above: $rate}]}\nsteps:", ":6: no parameter"),
    "a parameter in a guard": ("steps:", "undo: {guard: {signal: a.b, above: $rate}}\nsteps:", ":6: no parameter"),
    "a template": ("rate: $rate", "rate: '1${rate}'", ":10: expected requests a minute"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named(mistake: str) -> None:
    old, new, expected = MISTAKES[mistake]
    assert old in GOOD
    with pytest.raises(PlaybookError) as raised:
        read(GOOD.replace(old, new, 1), "small.yaml")
    assert expected in raised.value.reason
    assert "\n" not in raised.value.reason
    assert raised.value.exit is Exit.USAGE


def test_too_large(tmp_path: Path) -> None:
    path = tmp_path / "big.yaml"
    path.write_text("# " + "x" * LARGEST)
    with pytest.raises(PlaybookError, match="larger than 256 KiB"):
        read_file(path)


def test_not_there_and_not_text(tmp_path: Path) -> None:
    with pytest.raises(PlaybookError, match="No such file"):
        read_file(tmp_path / "none.yaml")
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PlaybookError, match="not UTF-8"):
        read_file(tmp_path / "bytes.yaml")


def test_nesting_is_bounded() -> None:
    with pytest.raises(PlaybookError, match="deeper than 20 levels"):
        parse("[" * 5000, "deep.yaml")


@pytest.mark.parametrize("path", sorted(OWN.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_library_is_read(path: Path) -> None:
    assert read_file(path).name == path.stem


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_edit_is_read_or_refused(data: st.DataObject) -> None:
    """Whatever a hand or a broken disk makes of a file, it is a playbook or one line that says why not."""
    start = data.draw(st.integers(0, len(GOOD)))
    length = data.draw(st.integers(0, 40))
    put = data.draw(
        st.text(max_size=30) | st.sampled_from(["{", "]", "&a ", "*a", "!!int ", ": ", "- ", "\t", "$rate"])
    )
    text = GOOD[:start] + put + GOOD[start + length :]
    assert read_or_refused(text).startswith(("read", "edited.yaml:"))


def read_or_refused(text: str) -> str:
    try:
        read(text, "edited.yaml")
    except PlaybookError as error:
        return error.reason
    return "read"
