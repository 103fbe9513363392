"""How a run may end: the exit codes of the ``playbook`` verbs, and the one exception that carries them.

2 and 10-19 promise that nothing was touched; scripts rely on it, so a code is never used for anything else.
"""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The documented codes (docs/exit-codes.md); the words are what a person reads beside the number."""

    OK = 0
    USAGE = 2
    CHANGES = 10
    REQUIREMENT = 11
    PERMISSION = 12
    LOCKED = 13
    STALE = 15
    UNREACHABLE = 16
    LIMIT = 17
    FAILED_CLEAN = 20
    FAILED_PART = 21
    UNDO_FAILED = 22
    UNPROVEN = 23
    CANCELLED_CLEAN = 24
    CANCELLED_PART = 25
    INTERRUPTED = 26
    DRIFTED = 30
    KILLED = 130

    @property
    def words(self) -> str:
        return WORDS[self]


WORDS = {
    Exit.OK: "as asked and verified, or already so",
    Exit.USAGE: "usage or invalid file",
    Exit.CHANGES: "there are changes",
    Exit.REQUIREMENT: "a requirement is not met; nothing touched",
    Exit.PERMISSION: "permission missing; nothing touched",
    Exit.LOCKED: "the run is in other hands; nothing touched",
    Exit.STALE: "the plan is stale; nothing touched",
    Exit.UNREACHABLE: "a target or the journal cannot be reached; nothing touched",
    Exit.LIMIT: "over a limit; nothing touched",
    Exit.FAILED_CLEAN: "failed, all undone",
    Exit.FAILED_PART: "failed, part in force",
    Exit.UNDO_FAILED: "undo failed",
    Exit.UNPROVEN: "in force, unproven",
    Exit.CANCELLED_CLEAN: "cancelled, nothing in force",
    Exit.CANCELLED_PART: "cancelled, part in force",
    Exit.INTERRUPTED: "interrupted",
    Exit.DRIFTED: "undo refused: drifted",
    Exit.KILLED: "left at once",
}


class Refused(Exception):
    """Why it was not done, or not to its end: ``exit`` says whether anything was touched."""

    def __init__(self, exit: Exit, reason: str) -> None:
        super().__init__(reason)
        self.exit = exit
        self.reason = reason


class PlaybookError(Refused):
    """A playbook's file, or a value given to it, is wrong. The message names file and line, or the parameter."""

    def __init__(self, reason: str) -> None:
        super().__init__(Exit.USAGE, reason)
