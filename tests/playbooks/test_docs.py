"""What docs/playbooks.md shows is true: its playbook is read, its actions are those there are, its links lead on."""

from __future__ import annotations

import re
from pathlib import Path

from playbooks.actions import ACTIONS
from playbooks.reading import read

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "playbooks.md").read_text()


def test_the_playbook() -> None:
    found = re.search(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    assert found
    assert read(found[1], "small.yaml").name == "small"


def test_the_actions_and_what_they_take() -> None:
    rows = dict(re.findall(r"^\| `([a-z]+\.[a-z_]+)` \|(.*)$", TEXT, re.MULTILINE))
    assert set(rows) == set(ACTIONS)
    for name, row in ACTIONS.items():
        assert all(f"`{key}" in rows[name] for key in row.takes), name


def test_the_links() -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert (DOCS / link).exists(), link
