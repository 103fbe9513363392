"""A pause for the garbage collector while thousands of objects are made that all stay.

It looks at what was made after every 700 objects, finds nothing, and looks at everything that the console holds more
and more often: a third of the time in which 2,000 workloads are decoded and turned into components. Nothing made there
refers back to itself, so nothing is left to be collected; a pause is as long as one page, or one reading.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Of the whole process. Where two threads pause at once, the one that began it ends it: a pause may be shorter."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()
