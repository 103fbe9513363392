"""Who may enter and what each may do, and the log of those who were turned away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from connectors.simulator.redis.acl_rules import Permissions, Refused, RuleError, User

LOG_LENGTH = 128  # acllog-max-len
SAME = 60.0  # wall seconds in which the same refusal is one entry
ALL = Permissions(("+@all",), (("rw", "*"),), ("*",))


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of ACL LOG: ``since`` and ``latest`` are epoch seconds, ``where`` is toplevel, multi or lua."""

    reason: str
    name: str
    user: str
    where: str
    client: str
    since: float
    latest: float
    count: int = 1


class Log:
    """The newest refusals first; one that repeats within a minute is counted, not repeated."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def add(self, refused: Refused, user: str, where: str, client: str, now: float) -> None:
        same = (refused.reason, refused.name, user, where)
        for entry in self.entries:
            if (entry.reason, entry.name, entry.user, entry.where) == same and now - entry.since < SAME:
                self.entries.remove(entry)
                self.entries.insert(0, replace(entry, client=client, latest=now, count=entry.count + 1))
                return
        self.entries.insert(0, Entry(*same, client, now, now))
        del self.entries[LOG_LENGTH:]


class Acl:
    """``users`` are rules by name (RuleError where one is none); ``password`` is the default user's."""

    def __init__(self, users: Mapping[str, str], password: str | None = None) -> None:
        self.users: dict[str, User] = {"default": User("default", enabled=True, open=True, root=ALL)}
        self.log = Log()
        self.require(password)
        for name, rules in users.items():
            self.set_user(name, rules.split())

    @property
    def open(self) -> bool:
        """A new connection is the user ``default`` without saying a word."""
        default = self.users["default"]
        return default.enabled and default.open

    def require(self, password: str | None) -> None:
        """From now on new connections must say this one, or, with None, nothing (``requirepass``)."""
        self.password = password or ""
        rules = ["resetpass", f">{password}"] if password else ["nopass"]
        self.set_user("default", rules)

    def set_user(self, name: str, rules: list[str]) -> None:
        """Makes or changes a user: all of the rules, or none and a RuleError."""
        if any(char in name for char in " \0\r\n\t"):
            raise RuleError("Usernames can't contain spaces or null characters")
        self.users[name] = self.users.get(name, User(name)).with_rules(rules)

    def admits(self, name: str, password: bytes) -> bool:
        user = self.users.get(name)
        return user is not None and user.admits(password)

    def refusal(self, name: str, words: list[bytes], keys: list[bytes]) -> Refused | None:
        """Why the user may not do this; None where it may."""
        user = self.users.get(name)
        return Refused("command", "") if user is None else user.refusal(words, keys)
