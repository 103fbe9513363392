"""What every test starts with."""

from __future__ import annotations

from collections import OrderedDict

import pytest

from connectors import secret


@pytest.fixture(autouse=True)
def no_secret_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a new process: what one test held as a secret may be an ordinary word in another."""
    monkeypatch.setattr(secret, "_revealed", OrderedDict())
