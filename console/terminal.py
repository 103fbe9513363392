"""The terminal as the operating system knows it: whether it is there, and whether it has gone.

Textual's input thread spins when the terminal goes away without a signal, so somebody has to look.
"""

from __future__ import annotations

import select
import sys


def present() -> bool:
    """Whether both ends are a terminal: without one there is nothing to draw on."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def gone() -> bool:
    """Whether standard input has ended: the other side of the terminal was closed."""
    try:
        descriptor = sys.__stdin__.fileno() if sys.__stdin__ is not None else -1
    except ValueError:  # closed by us
        return True
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    ended = select.POLLHUP | select.POLLERR | select.POLLNVAL
    return any(event & ended for _, event in poll.poll(0))
