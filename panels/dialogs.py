"""The small dialogs: the menu of playbooks, their parameters, help, and leaving."""

from __future__ import annotations

from collections.abc import Mapping

from console.acting import Offer
from panels import help as help_panel
from panels.dialog import BESIDE, Dialog
from panels.line import Line, Row, Span, Tone, fit, pad, wrapped
from panels.plain import inert
from panels.playbooks import offer_rows

LEAVES: Line = (Span("esc", Tone.KEY), Span(" leaves", Tone.DIM))


class Menu(Dialog[Offer]):
    """``!``: the playbook's own letter is the second key."""

    title_text = "playbooks"

    def __init__(self, offers: tuple[Offer, ...], *, ascii: bool = False) -> None:
        super().__init__(ascii=ascii)
        self._offers = offers

    def rows(self, width: int) -> tuple[Row, ...]:
        return offer_rows(self._offers, width)

    def asks(self) -> Line:
        return (Span("   a letter shows the plan, ", Tone.DIM), *LEAVES)

    def pressed(self, key: str, character: str | None) -> None:
        chosen = next((offer for offer in self._offers if offer.key and offer.key == character), None)
        if chosen is not None:
            self.dismiss(chosen)
        else:
            self.scroll_by(key)


class Parameters(Dialog[Mapping[str, str]]):
    """Defaults as they are; typing changes the chosen one. Answers with what differs from the defaults."""

    def __init__(self, offer: Offer, given: Mapping[str, str], error: str = "", *, ascii: bool = False) -> None:
        super().__init__(ascii=ascii)
        self.title_text = inert(offer.name)
        self._offer = offer
        self._values = {each.name: given.get(each.name, each.default) for each in offer.parameters}
        self._at = 0
        self._error = error

    @property
    def chosen(self) -> str:
        return self._offer.parameters[self._at].name

    def rows(self, width: int) -> tuple[Row, ...]:
        lines = [Row(fit((Span(f" {inert(self._offer.title)}", Tone.STRONG),), width)), Row(())]
        if self._error:
            said = wrapped(f" {inert(self._error)}", width)
            lines += [*(Row((Span(part, Tone.CRIT),)) for part in said), Row(())]
        for index, each in enumerate(self._offer.parameters):
            here = index == self._at
            value = inert(self._values[each.name]) + ("▏" if here else "")
            line = (
                Span(" › " if here else "   ", Tone.KEY),
                Span(pad(inert(each.name), 16), Tone.PLAIN if here else Tone.DIM),
                Span(pad(value, 16), Tone.STRONG if self._values[each.name] != each.default else Tone.PLAIN),
                Span(inert(each.bounds), Tone.DIM),
            )
            lines.append(Row(fit(line, width), each.name))
        return tuple(lines)

    def asks(self) -> Line:
        return (Span(" enter", Tone.KEY), Span(" shows the plan, arrows choose, typing changes, ", Tone.DIM), *LEAVES)

    def pressed(self, key: str, character: str | None) -> None:
        if key == "enter":
            defaults = {each.name: each.default for each in self._offer.parameters}
            self.dismiss({name: value for name, value in self._values.items() if value != defaults[name]})
            return
        self._edit(key, character)
        self.draw()

    def _edit(self, key: str, character: str | None) -> None:
        count, name = len(self._offer.parameters), self.chosen
        if key in ("down", "tab"):
            self._at = (self._at + 1) % count
        elif key in ("up", "shift+tab"):
            self._at = (self._at - 1) % count
        elif key == "backspace":
            self._values[name] = self._values[name][:-1]
        elif key == "ctrl+u":
            self._values[name] = ""
        elif character is not None and character.isprintable():
            self._values[name] += character


class Help(Dialog[bool]):
    title_text = "keys that work here now"

    def __init__(self, *, armed: bool, running: bool, own_estate: bool, ascii: bool = False) -> None:
        super().__init__(ascii=ascii)
        self._armed, self._run_goes_on, self._own_estate = armed, running, own_estate

    def rows(self, width: int) -> tuple[Row, ...]:
        return help_panel.rows(
            armed=self._armed,
            running=self._run_goes_on,
            own_estate=self._own_estate,
            height=self.app.size.height - BESIDE,
        )

    def asks(self) -> Line:
        return (Span(" any other key", Tone.KEY), Span(" closes", Tone.DIM))

    def pressed(self, key: str, character: str | None) -> None:
        if not self.scroll_by(key):
            self.dismiss(None)


class Leave(Dialog[bool]):
    """A run does not end with the screen, but an estate of our own does: say which before the operator leaves."""

    title_text = "leave"
    leave_keys = ("escape",)

    def __init__(self, *, running: bool, own_estate: bool = False, ascii: bool = False) -> None:
        super().__init__(ascii=ascii)
        self._said = "Nothing is running."
        if running:
            self._said = "The run goes on without this screen."
        if running and own_estate:
            self._said = "The simulated estate ends with this screen, and so does the run on it."

    def rows(self, width: int) -> tuple[Row, ...]:
        return tuple(Row((Span(f" {part}"),)) for part in wrapped(self._said, width - 1))

    def asks(self) -> Line:
        return (
            Span(" q", Tone.KEY),
            Span(" again leaves, ", Tone.DIM),
            Span("esc", Tone.KEY),
            Span(" stays", Tone.DIM),
        )

    def pressed(self, key: str, character: str | None) -> None:
        self.dismiss(True if key in ("q", "ctrl+c") else None)
