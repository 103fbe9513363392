"""Exit codes of the verbs that only look. Those of runs are in ``playbooks``; docs/exit-codes.md has them all."""

from __future__ import annotations

from typing import Final

from console.model.component import Health

OK: Final = 0
REFUSED: Final = 1  # of ``doctor``: something is not permitted, or not as it should be
USAGE: Final = 2
NOT_KNOWN: Final = 3  # of ``query`` and ``doctor``: something could not be asked
UNREAD: Final = 141  # of any verb: nobody read its output to the end; what a shell says of SIGPIPE

# ``seawall status`` answers as monitoring plug-ins do.
OF_HEALTH: Final = {Health.OK: 0, Health.WARN: 1, Health.CRIT: 2, Health.UNKNOWN: 3}
