"""``python -m console.cli`` is the same program as ``seawall``; the runner is started so."""

from console.cli import main

main()
