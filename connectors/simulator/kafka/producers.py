"""What one partition remembers of idempotent producers, so that nothing is written twice or out of order."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field

from connectors.simulator.kafka.batches import NOBODY, Batch

REMEMBERED = 5  # batches of a producer that may come a second time: as many as may be in flight at once
MOST = 1000  # producers a partition; the one that wrote longest ago is forgotten first
_SEQUENCES = 2**31


class OutOfOrder(Exception):
    """A batch that does not follow its producer's last one."""


class Fenced(Exception):
    """A producer of an older epoch: somebody else has taken its place."""


@dataclass(slots=True)
class _Known:
    epoch: int
    next: int = 0  # the sequence number to come
    written: deque[tuple[int, int, int]] = field(default_factory=lambda: deque(maxlen=REMEMBERED))  # from, to, base


@dataclass(slots=True)
class Producers:
    known: OrderedDict[int, _Known] = field(default_factory=OrderedDict)

    def admit(self, batch: Batch, base: int) -> int | None:
        """None: it is to be written at ``base``; else where it was written already. Raises OutOfOrder, Fenced."""
        if batch.producer == NOBODY:
            return None
        known = self.known.setdefault(batch.producer, _Known(batch.epoch))
        self.known.move_to_end(batch.producer)
        if batch.epoch < known.epoch:
            raise Fenced
        if batch.epoch > known.epoch:
            known = self.known[batch.producer] = _Known(batch.epoch)
        last = (batch.sequence + batch.count - 1) % _SEQUENCES
        for first, to, at in known.written:
            if (first, to) == (batch.sequence, last):
                return at
        if known.written and batch.sequence != known.next:
            raise OutOfOrder
        known.next = (last + 1) % _SEQUENCES
        known.written.append((batch.sequence, last, base))
        while len(self.known) > MOST:
            self.known.popitem(last=False)
        return None

    def raise_epoch(self, producer: int, epoch: int) -> None:
        """A transaction of this epoch has ended: older ones are fenced."""
        known = self.known.setdefault(producer, _Known(epoch))
        if epoch > known.epoch:
            self.known[producer] = _Known(epoch)
