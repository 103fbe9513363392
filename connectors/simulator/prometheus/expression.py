"""Regular expressions of selectors and label_replace."""

from __future__ import annotations

import re
from functools import lru_cache

Expression = re.Pattern[str]


@lru_cache(maxsize=512)
def expression(pattern: str) -> Expression:
    """Raises ``ValueError`` for one that cannot be compiled."""
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ValueError(f"error parsing regexp: {error}") from None
