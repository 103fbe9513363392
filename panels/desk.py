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
from panels.frame import LEAST, Frame
from panels.header import Station
from panels.keys import BY_KEY, why_dead
from panels.look import MOVES, SCROLLS, Look, down_rows, typing
from panels.plain import inert
from panels.scene import Scene


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
        self._frame = Frame(ascii=ascii)

    def compose(self) -> ComposeResult:
        yield self._frame.header
        yield Horizontal(self._frame.view, self._frame.detail, id="middle")
        yield self._frame.run
        yield self._frame.footer

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
            self._frame.draw_header(scene, station, self.look)

    def say(self, notice: str) -> None:
        """One line in the footer, until the next key."""
        self.notice = notice
        self.draw()

    def draw(self) -> None:
        if not self.is_mounted:
            return
        if not self._big_enough:
            self._frame.draw_too_small(self.size.width, self.size.height)
            return
        self.set_class(self.look.opened, "-opened")
        self._frame.draw_header(self._scene, self._station, self.look)
        self.look = self._frame.draw_view(self._scene, self.look)
        if self._progress is not None:
            self._frame.draw_run(self._progress, self._scene.wall)
        self._frame.draw_footer(self._scene, self._station, self.look, self.notice)

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
            self._down(what)
        elif what == "back" and not self.look.deep and self._progress is not None:
            self.post_message(self.Wanted("close"))
        elif what in MOVES:
            self.look = MOVES[what](self.look, self._frame.keys(self._scene, self.look), self._frame.page)
        elif what == "pause":
            paused = self.look.paused_since is None
            self.look = replace(self.look, paused_since=self._scene.wall if paused else None)
            self.post_message(self.Wanted("look"))
        elif self.look.opened and self.look.row and what in ("open", "describe"):
            self.look = self.look.into()
            self.post_message(self.Wanted("describe", self.look.subject))
        elif what == "open" or (what == "describe" and not self.look.opened):
            self._open()
        elif what == "leave" and self.look.deep:
            self.look = self.look.back()
        else:
            self.post_message(self.Wanted(what, self.look.subject if self.look.opened else self.look.key))
        self.draw()

    def _down(self, what: str) -> None:
        """Chooses among the rows that can be drilled into; scrolls where there are none."""
        rows = self._frame.down(self._scene, self.look)
        if rows:
            self.look = down_rows(self.look, what, rows, self._frame.page)
        else:
            self._frame.view.scroll_lines(SCROLLS[what](self._frame.page))

    def _open(self) -> None:
        """First the component whole, where there was no room for it; then what its system says."""
        if self.look.view == "playbooks":
            self.post_message(self.Wanted("act", self.look.key))
            return
        known = self.look.opened or self.look.view != "topology" or self._frame.detail.display
        self.look = replace(self.look, opened=True)
        if known:
            self.post_message(self.Wanted("describe", self.look.subject))

    @property
    def _big_enough(self) -> bool:
        return self.size.width >= LEAST[0] and self.size.height >= LEAST[1]
