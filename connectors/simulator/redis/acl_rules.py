"""What one user may do: the rules of ``ACL SETUSER`` as they are written, and the judgement over them. Pure.

Rules on commands are kept in the order they were given, and the last one that names a command decides, as the
documentation of the real server puts it. A selector in parentheses is a second set of permissions: a command is
allowed where one of the sets allows the whole of it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from connectors.simulator.redis.catalog import CATEGORIES, catalog, full_name
from connectors.simulator.redis.glob import matches

_HASH = re.compile(r"[0-9a-f]{64}\Z")
_KEY_RULE = re.compile(r"%([RW]+)~(.*)\Z", re.IGNORECASE | re.DOTALL)
_CHANNELS_OF = {"publish": 1, "spublish": 1, "subscribe": 0, "ssubscribe": 0, "psubscribe": 0}  # 0: every argument
_AFTER_ALL = (
    "Adding a pattern after the * pattern (or the '{}' flag) is not valid and does not have any effect."
    " Try '{}' to start with an empty list of {}"
)


class RuleError(ValueError):
    """A rule that is none; the text is the real server's."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a command was refused: ``command``, ``key`` or ``channel``, and which one."""

    reason: str
    name: str

    @property
    def sentence(self) -> str:
        """As NOPERM ends it."""
        if self.reason == "command":
            return f"run the '{self.name}' command"
        return f"access one of the {self.reason}s used as arguments"

    @property
    def in_script(self) -> str:
        """As a script's call is refused."""
        if self.reason == "command":
            return "run this command or subcommand"
        if self.reason == "channel":
            return "publish to the channel mentioned in the command"
        return "access at least one of the keys mentioned in the command arguments"

    @property
    def told(self) -> str:
        """As ACL DRYRUN ends it."""
        return self.sentence if self.reason == "command" else f"access the '{self.name}' {self.reason}"


@dataclass(frozen=True, slots=True)
class Permissions:
    """One set of permissions. ``keys`` are patterns with what may be done to them (``rw``, ``r``, ``w``)."""

    commands: tuple[str, ...] = ("-@all",)
    keys: tuple[tuple[str, str], ...] = ()
    channels: tuple[str, ...] = ()

    @property
    def everything(self) -> bool:
        return self.commands == ("+@all",) and self.keys == (("rw", "*"),) and self.channels == ("*",)

    def refusal(self, words: list[bytes], keys: list[bytes]) -> Refused | None:
        name = full_name(words)
        if not self._may_run(name):
            return Refused("command", name)
        wanted = _access(name, words)
        for key in keys:
            if not self._may_touch(key, wanted):
                return Refused("key", _text(key))
        return self._refused_channel(name, words)

    def _may_run(self, name: str) -> bool:
        return next((rule[0] == "+" for rule in reversed(self.commands) if _names(rule[1:], name)), False)

    def _may_touch(self, key: bytes, wanted: str) -> bool:
        granted = {access for access, pattern in self.keys if matches(_raw(pattern), key)}
        return set(wanted) - {"-"} <= set("".join(granted)) if granted else False

    def _refused_channel(self, name: str, words: list[bytes]) -> Refused | None:
        if name not in _CHANNELS_OF or "*" in self.channels:
            return None
        count = _CHANNELS_OF[name]
        for channel in words[1 : 1 + count] if count else words[1:]:
            literal = name == "psubscribe"
            allowed = any(_raw(one) == channel if literal else matches(_raw(one), channel) for one in self.channels)
            if not allowed:
                return Refused("channel", _text(channel))
        return None

    def with_rule(self, rule: str) -> Permissions:
        """With one more rule on keys, channels or commands; RuleError for any other."""
        low = rule.lower()
        if low in _WORDS:
            return _WORDS[low](self)
        if rule[0] == "~" or _KEY_RULE.match(rule):
            return self._with_key(rule)
        if rule[0] == "&":
            return self._with_channel(rule[1:])
        if rule[0] in "+-" and len(rule) > 1:
            return replace(self, commands=_with_command(self.commands, rule[0] + low[1:]))
        raise RuleError("Syntax error")

    def _with_key(self, rule: str) -> Permissions:
        found = _KEY_RULE.match(rule)
        access = "".join(sorted(set(found.group(1).lower()))) if found else "rw"
        pattern = found.group(2) if found else rule[1:]
        if ("rw", "*") in self.keys:
            if (access, pattern) == ("rw", "*"):
                return self
            raise RuleError(_AFTER_ALL.format("allkeys", "resetkeys", "patterns"))
        if (access, pattern) == ("rw", "*"):
            return replace(self, keys=(("rw", "*"),))
        return replace(self, keys=tuple(dict.fromkeys([*self.keys, (access, pattern)])))

    def _with_channel(self, pattern: str) -> Permissions:
        if "*" in self.channels and pattern != "*":
            raise RuleError(_AFTER_ALL.format("allchannels", "resetchannels", "channels"))
        return replace(self, channels=("*",) if pattern == "*" else tuple(dict.fromkeys([*self.channels, pattern])))

    @property
    def key_rules(self) -> str:
        return " ".join(f"~{one}" if access == "rw" else f"%{access.upper()}~{one}" for access, one in self.keys)

    @property
    def channel_rules(self) -> str:
        return " ".join(f"&{one}" for one in self.channels)

    @property
    def command_rules(self) -> str:
        return " ".join(self.commands)

    @property
    def line(self) -> str:
        """As ACL LIST shows them."""
        channels = self.channel_rules if "*" in self.channels else f"resetchannels {self.channel_rules}".strip()
        return " ".join(part for part in (self.key_rules, channels, self.command_rules) if part)


_WORDS: Mapping[str, Callable[[Permissions], Permissions]] = {
    "allkeys": lambda own: replace(own, keys=(("rw", "*"),)),
    "resetkeys": lambda own: replace(own, keys=()),
    "allchannels": lambda own: replace(own, channels=("*",)),
    "resetchannels": lambda own: replace(own, channels=()),
    "allcommands": lambda own: replace(own, commands=("+@all",)),
    "nocommands": lambda own: replace(own, commands=("-@all",)),
}


def _access(name: str, words: list[bytes]) -> str:
    """What the command does to its keys; SET reads only where it is told to GET."""
    if name == "set" and b"get" not in [word.lower() for word in words[3:]]:
        return "w"
    return catalog()[name].access if name in catalog() else "rw"


def _names(subject: str, name: str) -> bool:
    """Whether a rule's subject (``@read``, ``config``, ``config|get``) covers the command."""
    if subject == "@all":
        return True
    if subject.startswith("@"):
        return name in catalog() and subject[1:] in catalog()[name].categories
    return name == subject or name.startswith(f"{subject}|")


def _with_command(commands: tuple[str, ...], rule: str) -> tuple[str, ...]:
    subject = rule[1:]
    if subject == "@all":
        return (rule,)
    known = subject[1:] in CATEGORIES if subject.startswith("@") else subject in catalog()
    if not known:
        raise RuleError("Unknown command or category name in ACL")
    kept = [one for one in commands if one[1:] != subject and not one[1:].startswith(f"{subject}|")]
    return (*kept, rule)


@dataclass(frozen=True, slots=True)
class User:
    """``passwords`` are SHA-256 hashes in hexadecimal."""

    name: str
    enabled: bool = False
    open: bool = False  # nopass
    passwords: tuple[str, ...] = ()
    root: Permissions = field(default_factory=Permissions)
    selectors: tuple[Permissions, ...] = ()

    def admits(self, password: bytes) -> bool:
        return self.enabled and (self.open or hash_of(password) in self.passwords)

    def refusal(self, words: list[bytes], keys: list[bytes]) -> Refused | None:
        """None where one of the sets allows it; else what the set that came furthest refused."""
        refusals = []
        for permissions in (self.root, *self.selectors):
            refused = None if permissions.everything else permissions.refusal(words, keys)
            if refused is None:
                return None
            refusals.append(refused)
        return next((refused for refused in refusals if refused.reason != "command"), refusals[0])

    def with_rules(self, rules: list[str]) -> User:
        """With these rules on top; RuleError, naming the rule, where one is none."""
        user = self
        for rule in joined(rules):
            try:
                user = user._with_rule(rule)
            except RuleError as error:
                raise RuleError(f"Error in ACL SETUSER modifier '{rule}': {error}") from None
        return user

    def _with_rule(self, rule: str) -> User:
        low = rule.lower()
        if low in _USER_WORDS:
            return _USER_WORDS[low](self)
        if rule[:1] == "(":
            return self._with_selector(rule)
        if rule[:1] in (">", "<", "#", "!"):
            return self._with_password(rule)
        if not rule:
            raise RuleError("Syntax error")
        return replace(self, root=self.root.with_rule(rule))

    def _with_selector(self, rule: str) -> User:
        if not rule.endswith(")"):
            raise RuleError("Syntax error")
        selector = Permissions()
        for inner in rule[1:-1].split():
            selector = selector.with_rule(inner)
        return replace(self, selectors=(*self.selectors, selector))

    def _with_password(self, rule: str) -> User:
        hashed = rule[1:] if rule[0] in "#!" else hash_of(_raw(rule[1:]))
        if not _HASH.match(hashed):
            raise RuleError(
                "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters"
            )
        if rule[0] in ">#":
            return replace(self, open=False, passwords=tuple(dict.fromkeys([*self.passwords, hashed])))
        if hashed not in self.passwords:
            raise RuleError("The password you are trying to remove from the user does not exist")
        return replace(self, passwords=tuple(one for one in self.passwords if one != hashed))

    @property
    def line(self) -> str:
        """As ACL LIST shows the user."""
        access = ["nopass"] if self.open else [f"#{one}" for one in self.passwords]
        selectors = [f"({selector.line})" for selector in self.selectors]
        return " ".join(["user", self.name, "on" if self.enabled else "off", *access, self.root.line, *selectors])


_USER_WORDS: Mapping[str, Callable[[User], User]] = {
    "on": lambda user: replace(user, enabled=True),
    "off": lambda user: replace(user, enabled=False),
    "nopass": lambda user: replace(user, open=True, passwords=()),
    "resetpass": lambda user: replace(user, open=False, passwords=()),
    "clearselectors": lambda user: replace(user, selectors=()),
    "sanitize-payload": lambda user: user,  # no payload is restored here
    "skip-sanitize-payload": lambda user: user,
    "reset": lambda user: User(user.name),
}


def joined(rules: list[str]) -> list[str]:
    """The rules with those in parentheses as one each, however they were cut at blanks."""
    found: list[str] = []
    for rule in rules:
        if found and found[-1].startswith("(") and not found[-1].endswith(")"):
            found[-1] += f" {rule}"
        else:
            found.append(rule)
    if found and found[-1].startswith("(") and not found[-1].endswith(")"):
        raise RuleError("Unmatched parenthesis in acl selector starting at '" + found[-1].split()[0] + "'.")
    return found


def hash_of(password: bytes) -> str:
    return hashlib.sha256(password).hexdigest()


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
