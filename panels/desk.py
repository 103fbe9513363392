"""The main screen: header, the view, the detail beside it, the run below it, footer.

It is handed a scene and draws it; browsing changes only its own look. What needs the estate or the engine it
asks of the app by ``Wanted``. While paused it keeps the scene it had.
"""

from __future__ import annotations

from dataclasses import replace

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.events import Key, Paste
from textual.message import Message
from textual.screen import Screen

from console.acting import Progress
from panels import detail, footer, header, run
from panels.filter import kept
from panels.header import Station
from panels.keys import BY_KEY, why_dead
from panels.line import Row, Span, Tone
from panels.lines import Lines
from panels.look import MOVES, SCROLLS, Look, settled, typing
from panels.plain import inert
from panels.scene import Scene
from panels.views import VIEWS

PANES = ("header", "view", "detail", "run", "footer")
LEAST = (60, 15)  # columns, rows


class Desk(Screen[None]):
    """``see`` it a scene whenever something changed; it repaints only the cells that did."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide"), (160, "-vast")]  # noqa: RUF012  Textual's own way
    AUTO_FOCUS = None

    class Wanted(Message):
        """A key asked for something that is not browsing. ``key`` is the chosen row's."""

        def __init__(self, what: str, key: str = "") -> None:
            super().__init__()
            self.what = what
            self.key = key

    def __init__(self, scene: Scene, station: Station, *, ascii: bool = False) -> None:
        super().__init__()
        self.look = Look()
        self.notice = ""
        self._scene = scene
        self._station = station
        self._progress: Progress | None = None
        self._panes = {name: Lines(id=name, ascii=ascii) for name in PANES}

    def compose(self) -> ComposeResult:
        yield self._panes["header"]
        yield Horizontal(self._panes["view"], self._panes["detail"], id="middle")
        yield self._panes["run"]
        yield self._panes["footer"]

    def see(self, scene: Scene, station: Station, progress: Progress | None) -> None:
        """The next scene. While paused only what the operator asked for since then is taken from it."""
        if self.look.paused_since is None:
            self._scene = scene
        else:
            self._scene = replace(self._scene, inspections=scene.inspections)
        self._station = station
        self._progress = progress
        self.set_class(progress is not None, "-running")
        self.draw()

    def tick(self, scene: Scene, station: Station) -> None:
        """Time went by and nothing else: the header's clock and ages, at a tenth of a frame's cost."""
        if self.look.paused_since is None and self._big_enough:
            self._scene, self._station = scene, station
            self._draw_header()

    def say(self, notice: str) -> None:
        """One line in the footer, until the next key."""
        self.notice = notice
        self.draw()

    def draw(self) -> None:
        if not self.is_mounted:
            return
        if not self._big_enough:
            self._draw_too_small()
            return
        self._draw_header()
        self.set_class(self.look.opened, "-opened")
        self._draw_view()
        if self._progress is not None:
            pane = self._panes["run"]
            pane.show(run.rows(self._progress, pane.size.width, pane.size.height, self._scene.wall))
        self._panes["footer"].show((Row(self._footer()),))

    def on_lines_sized(self) -> None:
        self.draw()

    def on_key(self, event: Key) -> None:
        event.stop()
        if self.look.typed is not None:
            self.look = typing(self.look, event.key, event.character)
            self.draw()
            return
        self.notice = ""
        known = BY_KEY.get(event.key)
        if known is None:
            self.say(why_dead(event.key, event.character))
        else:
            self._do(known.id)

    def on_paste(self, event: Paste) -> None:
        """A paste is text for the filter and nothing else: never keys."""
        event.stop()
        if self.look.typed is not None:
            text = self.look.typed + inert(event.text.splitlines()[0] if event.text else "")
            self.look = replace(self.look, typed=text, filter=text)
            self.draw()

    def _do(self, what: str) -> None:
        if self.look.opened and what in SCROLLS:
            view = self._panes["view"]
            view.scroll_lines(SCROLLS[what](max(1, view.size.height // 2)))
        elif what in MOVES:
            self.look = MOVES[what](self.look, self._keys(), max(1, self._panes["view"].size.height // 2))
        elif what == "pause":
            paused = self.look.paused_since is None
            self.look = replace(self.look, paused_since=self._scene.wall if paused else None)
            self.post_message(self.Wanted("look"))
        elif what == "open" or (what == "describe" and not self.look.opened):
            self._open()
        elif what == "leave" and self._deep():
            self.look = self.look.back()
        else:
            self.post_message(self.Wanted(what, self.look.key))
        self.draw()

    def _open(self) -> None:
        """First the component whole, where there was no room for it; then what its system says."""
        if self.look.view == "playbooks":
            self.post_message(self.Wanted("act", self.look.key))
            return
        known = self.look.opened or self.look.view != "topology" or self._panes["detail"].display
        self.look = replace(self.look, opened=True)
        if known:
            self.post_message(self.Wanted("describe", self.look.key))

    def _deep(self) -> bool:
        return self.look.opened or bool(self.look.filter) or self.look.view != "topology"

    def _rows(self) -> tuple[Row, ...]:
        return kept(VIEWS[self.look.view](self._sized("view")), self.look.filter)

    def _keys(self) -> tuple[str, ...]:
        return tuple(row.key for row in self._rows() if row.key)

    @property
    def _big_enough(self) -> bool:
        return self.size.width >= LEAST[0] and self.size.height >= LEAST[1]

    def _draw_header(self) -> None:
        station = replace(self._station, paused_since=self.look.paused_since)
        self._panes["header"].show((Row(header.line(self._sized("header"), station)),))

    def _draw_view(self) -> None:
        rows = self._rows()
        self.look = settled(self.look, tuple(row.key for row in rows if row.key))
        if self.look.opened:
            rows = detail.rows(self._sized("view"))
        self._panes["view"].show(rows, "" if self.look.opened else self.look.key)
        if self._panes["detail"].display:
            beside = replace(self._sized("detail"), inspections={})  # a table has no room there
            self._panes["detail"].show(detail.rows(beside))

    def _sized(self, name: str) -> Scene:
        size = self._panes[name].size
        return replace(self._scene, width=size.width, height=size.height, chosen=self.look.key)

    def _footer(self) -> tuple[Span, ...]:
        armed = self._station.armed
        keys = [("!", "playbooks"), ("z", "undo")] if armed else [("A", "arm")]
        keys += [("?", "help"), ("/", f"filter: {inert(self.look.filter)}" if self.look.filter else "filter")]
        keys += [("esc", "back")] if self._deep() else [("enter", "open")]
        return footer.line(self._sized("footer"), keys, self.notice, self.look.typed)

    def _draw_too_small(self) -> None:
        said = f" {LEAST[0]}x{LEAST[1]} is the least; this is {self.size.width}x{self.size.height}"
        for name in ("header", "detail", "run", "footer"):
            self._panes[name].show(())
        self._panes["view"].show((Row((Span(said, Tone.WARN),)),))
