"""The page of the presets is what their files say."""

from __future__ import annotations

from connectors.presets import presets
from docs.presets import PAGE, page


def test_the_page_is_made_anew_when_a_preset_changes() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m docs.presets"


def test_every_preset_has_its_section() -> None:
    text = page()
    assert all(f"\n## {name}\n" in text for name in presets())
