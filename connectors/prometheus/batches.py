"""Which queries go out together, so that a reading takes little more than its slowest query.

A request costs the console a millisecond, so cheap queries share one; a server evaluates the parts of one request one
after another, so dear ones must not. What is dear is measured: a batch that took long twice in a row, or ran out of
time, is asked one by one for some minutes. However many queries there are, cheap ones take a constant number of
requests.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

FEWEST = 4  # queries worth a request of their own
DEAR = 0.02  # wall seconds a query, beyond what the quickest request takes (the way there and back)
APART = 300.0  # wall seconds until they are tried together again

Batch = tuple[str, ...]


class Batches:
    """``most``: requests side by side. Times are wall seconds of a clock that never jumps."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._apart: dict[str, float] = {}  # query → until when it goes out alone
        self._suspects: set[Batch] = set()  # they took long the last time
        self._quickest = float("inf")

    def of(self, exprs: Sequence[str], now: float) -> tuple[Batch, ...]:
        """Each query once, in order; the same ones together each time, so that servers may remember them."""
        self._apart = {expr: until for expr, until in self._apart.items() if until > now}
        unique = tuple(dict.fromkeys(exprs))
        cheap = tuple(expr for expr in unique if expr not in self._apart)
        return (*_chunks(cheap, self._most), *((expr,) for expr in unique if expr in self._apart))

    def took(self, batch: Batch, seconds: float, now: float) -> None:
        """A batch was answered."""
        self._quickest = min(self._quickest, seconds)
        dear = len(batch) > 1 and seconds - self._quickest > DEAR * len(batch)
        if dear and batch in self._suspects:
            self.part(batch, now)
        self._suspects = self._suspects ^ {batch} if dear else self._suspects - {batch}

    def part(self, exprs: Sequence[str], now: float) -> None:
        """These spoil or delay what is asked with them."""
        self._apart.update(dict.fromkeys(exprs, now + APART))


def _chunks(exprs: Batch, most: int) -> Iterator[Batch]:
    size = max(FEWEST, -(-len(exprs) // most))
    for start in range(0, len(exprs), size):
        yield exprs[start : start + size]
