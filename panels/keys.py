"""Every key of the screen, in one table: what it is called, what it does, and in which words help says so.

Only keys that get through tmux, screen, mosh and a serial line. No single key changes the world: writes begin
at ``!``, and the key that confirms is neither the trigger nor enter.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Key:
    """``keys`` are Textual's names. Help shows ``shown`` and ``words``, or nothing where another key's line says it.

    ``acts``: only when armed. ``paces``: only on an estate that is simulated.
    """

    id: str
    keys: tuple[str, ...]
    shown: str = ""
    words: str = ""
    group: str = ""
    acts: bool = False
    paces: bool = False


KEYS: tuple[Key, ...] = (
    Key("view.topology", ("1",), "1", "the request path", "views"),
    Key("view.lag", ("3",), "3", "consumer groups and their lag", "views"),
    Key("view.pods", ("5",), "5", "workloads and their pods", "views"),
    Key("view.playbooks", ("6",), "6", "playbooks, and what is in force", "views"),
    Key("down", ("j", "down"), "j k g G", "down, up, to the top, to the bottom; arrows, home, end", "move"),
    Key("up", ("k", "up")),
    Key("first", ("g", "home")),
    Key("last", ("G", "end")),
    Key("page_down", ("ctrl+d", "pagedown"), "ctrl-d u", "half a screen down, up", "move"),
    Key("page_up", ("ctrl+u", "pageup")),
    Key("open", ("enter",), "enter", "open what is chosen; again: ask its system for more", "look"),
    Key("describe", ("d",), "d", "ask its system for more: pods, partitions, slow log", "look"),
    Key("back", ("escape",), "esc", "back, or clear the filter", "look"),
    Key("filter", ("slash",), "/", "filter: text, !text, crit", "look"),
    Key("pause", ("p",), "p", "hold the screen still, and go on", "look"),
    Key("read", ("ctrl+r",), "ctrl-r", "read every source now", "look"),
    Key("redraw", ("ctrl+l",), "ctrl-l", "draw the screen afresh", "look"),
    Key("arm", ("A",), "A", "arm for 15 minutes, or back to read-only", "act"),
    Key("act", ("exclamation_mark",), "!", "playbooks: a letter, the plan, then Y", "act", acts=True),
    Key("undo", ("z",), "z", "plan to undo the last run", "act", acts=True),
    Key("stop", ("x",), "x", "stop the run that is shown", "act"),
    Key(
        "slower",
        ("less_than_sign",),
        "< > =",
        "a demo's time: slower, faster, stand still and go on",
        "look",
        paces=True,
    ),
    Key("faster", ("greater_than_sign",), paces=True),
    Key("still", ("equals_sign",), paces=True),
    Key("help", ("question_mark",)),
    Key("leave", ("q", "ctrl+c"), "q", "back; at the first view: leave", "leave"),
)
BY_KEY = {name: key for key in KEYS for name in key.keys}

NOT_HERE = {
    "2": "all signals with their history: not in this version",
    "4": "the cache has no view of its own yet; choose it in 1",
    "7": "what is in force is at the end of 1 and 6",
    "8": "no timeline yet; a run's journal is under the state directory",
    "9": "the sources stand in the header",
    "colon": "no command line yet; ? shows the keys",
    "Y": "Y confirms a plan; ! makes one",
    "y": "Y confirms a plan; ! makes one",
}


def why_dead(name: str, character: str | None) -> str:
    """Why a key did nothing, in one line."""
    said = character if character and character.isprintable() else name
    return NOT_HERE.get(name, f"{said} does nothing here; ? shows the keys")
