"""A console on a hand-made estate for tests that need a real terminal: ``python -m tests.console.seat ESTATE``."""

from __future__ import annotations

import sys

from tests.panels import estates
from tests.panels.stage import console

if __name__ == "__main__":
    app = console(getattr(estates, sys.argv[1])(), armed=True, ascii="--ascii" in sys.argv)
    app.run(mouse=False)
    sys.exit(app.return_code)
