"""``python -m docs.presets``: what each preset measures, written to docs/presets.md from the presets' own files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from connectors.presets import Preset, PresetRule, preset_named, presets
from console.model.signal import Unit

PAGE = Path(__file__).with_name("presets.md")
RECORDINGS = Path(__file__).parents[1] / "tests" / "connectors" / "presets"

INTRODUCTION = """\
# Presets

Made by `python -m docs.presets` from `connectors/presets/*.toml`; do not edit.

A preset is the signals of one well-known exporter, as instant queries to whatever speaks Prometheus's API, with their
units and with rules. In `seawall.toml`:

```toml
[[components]]
alias = "edge"
layer = "gateway"
id = "prometheus/edge"
preset = "haproxy"
match = 'proxy="shop"'               # put into every selector; empty: all that Prometheus has
window = "2m"                        # what rates look back on, four of your scrapes or more; default 1m
```

- `[components.signals.NAME]` beside it adds queries of your own.
- Its rules hold on that line only: they stand below your own `[[rules]]`, and above the defaults at the same health.
- No series is unknown, never 0. Where a healthy system may have no such series the table says when.
- *Tried on* says what the preset's test runs on: **recorded** are two scrapes of the real exporter on the real system
  under load; **documented** are names and labels from the exporter's own documents, where it cannot be run without
  an account, a cluster with nodes, or its programs. Each is loaded into a real Prometheus, where each query must
  answer the number that the scrapes add up to.

| preset | for | layer | match, for example | tried on |
|---|---|---|---|---|
"""


def page() -> str:
    """The whole page."""
    found = [(name, preset_named(name)) for name in presets()]
    rows = "".join(row(name, preset) for name, preset in found)
    return INTRODUCTION + rows + "".join(section(name, preset) for name, preset in found)


def row(name: str, preset: Preset) -> str:
    """The preset's line of the first table."""
    head = (RECORDINGS / f"{name}.txt").read_text(encoding="utf-8")
    tried = "recorded" if head.startswith("# Recorded") else "documented"
    match = cell(f"`{preset.match}`")
    return f"| [`{name}`](#{name}) | [{cell(preset.title)}]({preset.exporter}) | {preset.layer} | {match} | {tried} |\n"


def section(name: str, preset: Preset) -> str:
    """Its signals and rules."""
    lines = [
        f"\n## {name}\n",
        f"{preset.title}. {preset.notes}".rstrip() + "\n",
        "| signal | unit | what |",
        "|---|---|---|",
    ]
    for signal, ready in preset.signals.items():
        none = f" Unknown where {ready.absent}." if ready.absent else ""
        lines.append(f"| `{signal}` | {ready.unit} | {cell(ready.description)}.{cell(none)} |")
    return "\n".join([*lines, *told(preset)]) + "\n"


def told(preset: Preset) -> Iterator[str]:
    """The rules, in words."""
    if preset.rules:
        yield "\nRules: " + "; ".join(_words(preset, rule) for rule in preset.rules) + "."


def _words(preset: Preset, rule: PresetRule) -> str:
    unit = preset.signals[rule.signal].unit if rule.signal in preset.signals else Unit.RATIO
    return f"`{rule.signal}` {rule.on('').text(unit)} → {rule.health}"


def cell(text: str) -> str:
    """As a table's cell takes it."""
    return text.replace("|", "\\|")


def main() -> None:
    """Writes the page."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
