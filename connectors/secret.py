"""Credentials as references: a secret has no text form, only a place where it is kept."""

from __future__ import annotations

import os
import re
from collections import OrderedDict
from pathlib import Path

SCHEMES = ("env:", "file:", "keyring:")
MASK = "<secret>"
_SHORTEST = 4  # characters; a shorter one would be found in ordinary words
_KEPT = 256  # of the last that were revealed: tokens are renewed as long as the process lives
_AUTHORIZATION = re.compile(r"(authorization\W+(?:basic|bearer)\s+)\S+", re.IGNORECASE)  # also of a kubeconfig
_revealed: OrderedDict[str, None] = OrderedDict()


class MissingSecret(Exception):
    """The reference names nothing. The message names the reference, never a value."""


class Secret:
    """A reference ``env:NAME``, ``file:PATH`` or ``keyring:SERVICE/USER``, read when it is needed."""

    __slots__ = ("_reference",)

    def __init__(self, reference: str) -> None:
        if not reference.startswith(SCHEMES) or not reference.split(":", 1)[1]:
            # The text is not echoed: it may be the secret itself.
            raise ValueError("a secret is a reference: env:NAME, file:PATH or keyring:SERVICE/USER")
        self._reference = reference

    @property
    def reference(self) -> str:
        return self._reference

    def __repr__(self) -> str:
        return "<secret>"

    __str__ = __repr__

    def __reduce__(self) -> tuple[type[Secret], tuple[str]]:
        return Secret, (self._reference,)

    def reveal(self) -> str:
        """The secret's text, read now; MissingSecret where there is none."""
        scheme, place = self._reference.split(":", 1)
        value = {"env": _from_environment, "file": _from_file, "keyring": _from_keyring}[scheme](place)
        if not value:
            raise MissingSecret(f"secret {self._reference} is not set or empty")
        remember(value)
        return value


def remember(value: str) -> None:
    """From now on ``masked`` hides it. For credentials that come by other ways than a ``Secret``, too."""
    if len(value) >= _SHORTEST:
        _revealed[value] = None
        _revealed.move_to_end(value)
        while len(_revealed) > _KEPT:
            _revealed.popitem(last=False)


def masked(text: str) -> str:
    """``text`` without any secret that this process has held: what a server says back may be what it was sent."""
    for value in sorted((each for each in tuple(_revealed) if each in text), key=len, reverse=True):
        text = text.replace(value, MASK)  # the longest first: one may be a part of another
    return _AUTHORIZATION.sub(rf"\1{MASK}", text)


def _from_environment(name: str) -> str:
    return os.environ.get(name, "")


def _from_file(path: str) -> str:
    try:
        return Path(path).expanduser().read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise MissingSecret(f"secret file:{path}: {error.strerror}") from error
    except (ValueError, RuntimeError) as error:  # no text, or no such home; the error itself would quote the secret
        raise MissingSecret(f"secret file:{path}: not a file of UTF-8 text") from error


def _from_keyring(place: str) -> str:
    try:
        import keyring  # an optional extra, imported when a reference asks for it
    except ImportError as error:
        raise MissingSecret(f"secret keyring:{place}: install seawall[keyring]") from error
    service, _, user = place.partition("/")
    try:
        return keyring.get_password(service, user) or ""
    except keyring.errors.KeyringError as error:
        raise MissingSecret(f"secret keyring:{place}: {type(error).__name__}") from error
