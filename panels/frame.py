"""The panes of the main screen, and what is drawn in each: scenes and looks in, lines out."""

from __future__ import annotations

from dataclasses import replace

from console.acting import Progress
from panels import detail, footer, header, run
from panels.filter import kept
from panels.header import Station
from panels.line import Row, Span, Tone
from panels.lines import Lines
from panels.look import Look, settled
from panels.plain import inert
from panels.scene import Scene
from panels.views import VIEWS

LEAST = (60, 15)  # columns, rows


class Frame:
    """Each method draws one pane, and writes nothing where nothing has changed."""

    def __init__(self, *, ascii: bool) -> None:
        self.header = Lines(id="header", ascii=ascii)
        self.view = Lines(id="view", ascii=ascii)
        self.detail = Lines(id="detail", ascii=ascii)
        self.run = Lines(id="run", ascii=ascii)
        self.footer = Lines(id="footer", ascii=ascii)

    @property
    def page(self) -> int:
        """Half a screen, in rows."""
        return max(1, self.view.size.height // 2)

    def keys(self, scene: Scene, look: Look) -> tuple[str, ...]:
        """The rows that can be chosen, top to bottom."""
        return tuple(row.key for row in self._rows(scene, look) if row.key)

    def down(self, scene: Scene, look: Look) -> tuple[str, ...]:
        """The rows of the drill-down on the screen that can be drilled into in turn."""
        return tuple(row.key for row in detail.rows(_sized(scene, self.view, look)) if row.key)

    def draw_header(self, scene: Scene, station: Station, look: Look) -> None:
        told = replace(station, paused_since=look.paused_since)
        self.header.show((Row(header.line(_sized(scene, self.header, look), told)),))

    def draw_view(self, scene: Scene, look: Look) -> Look:
        """The look as it is on the screen: with a row chosen that is there."""
        rows = self._rows(scene, look)
        look = settled(look, tuple(row.key for row in rows if row.key))
        if look.opened:
            self.view.show(detail.rows(_sized(scene, self.view, look)), look.row)
        else:
            self.view.show(rows, look.key)
        if self.detail.display:
            beside = replace(_sized(scene, self.detail, look), inspections={})  # a table has no room there
            self.detail.show(detail.rows(beside))
        return look

    def draw_run(self, progress: Progress, wall: float) -> None:
        size = self.run.size
        self.run.show(run.rows(progress, size.width, size.height, wall))

    def draw_footer(self, scene: Scene, station: Station, look: Look, notice: str) -> None:
        keys = [("!", "playbooks"), ("z", "undo")] if station.armed else [("A", "arm")]
        keys += [("?", "help"), ("/", f"filter: {inert(look.filter)}" if look.filter else "filter")]
        keys += [("esc", "back")] if look.deep else [("enter", "open")]
        line = footer.line(_sized(scene, self.footer, look), keys, notice, look.typed)
        self.footer.show((Row(line),))

    def draw_too_small(self, width: int, height: int) -> None:
        said = f" {LEAST[0]}x{LEAST[1]} is the least; this is {width}x{height}"
        for pane in (self.header, self.detail, self.run, self.footer):
            pane.show(())
        self.view.show((Row((Span(said, Tone.WARN),)),))

    def _rows(self, scene: Scene, look: Look) -> tuple[Row, ...]:
        return kept(VIEWS[look.view](_sized(scene, self.view, look)), look.filter)


def _sized(scene: Scene, pane: Lines, look: Look) -> Scene:
    return replace(
        scene, width=pane.size.width, height=pane.size.height, chosen=look.subject if look.opened else look.key
    )
