"""One Prometheus behind a bulkhead: batches side by side, a total deadline each, refused credentials read again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from connectors import Clock
from connectors.deadline import Overdue, within
from connectors.failure import Failed
from connectors.http_head import Bounds
from connectors.prometheus.batches import Batch, Batches
from connectors.prometheus.client import REQUESTS, THREADS, Answers, Asker, Page
from connectors.prometheus.reply import Answer
from connectors.settings.prometheus import Settings
from connectors.threads import Bulkhead
from console.model.snapshot import FailureKind

T = TypeVar("T")

FIRST = 15.0  # wall seconds for importing the client and reading the secrets, once
SLACK = 0.5  # wall seconds that a whole reading may take beyond one query's timeout
READ_AGAIN = (FailureKind.EXPIRED, FailureKind.TLS)  # credentials may have been renewed at their place


@dataclass(frozen=True, slots=True)
class Replies:
    """What every query answered, each failure with its reason; and what the server says was missing meanwhile."""

    by_expr: Mapping[str, Answer]
    warnings: tuple[str, ...] = ()


class Backend:
    """Everything that is sent to one server goes through here. Nothing is sent before the first question."""

    def __init__(self, name: str, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._bulkhead = Bulkhead(name, THREADS + 1)  # one for the alerts, beside the queries
        self._batches = Batches(REQUESTS)
        self._opening = asyncio.Lock()
        self._asker: Asker | None = None

    @property
    def bounds(self) -> Bounds | None:
        """The server's clock against ours; None: it does not tell its time, or was not asked yet."""
        return None if self._asker is None else self._asker.clock.bounds

    async def answers(self, exprs: Sequence[str], at: float | None = None) -> Replies:
        """What each query answers now, or did at a wall time. Never raises: a failure is each query's answer."""
        try:
            asker = await self._open()
        except Failed as failed:
            return Replies(dict.fromkeys(exprs, Answer(None, failed.reason, failed)))
        batches = self._batches.of(exprs, self._clock.monotonic())
        answered = await asyncio.gather(*(self._ask(asker, batch, at) for batch in batches))
        by_expr = {expr: answer for one in answered for expr, answer in one.by_expr.items()}
        self._part_late(answered)
        self._renew(asker, [answer.failed for answer in by_expr.values() if answer.failed])
        return Replies(by_expr, tuple(dict.fromkeys(text for one in answered for text in one.warnings)))

    async def page(self, path: str, read: Callable[[Page], T]) -> T:
        """What ``read`` makes of another part of the API, in the thread that fetched it; raises Failed."""
        asker = await self._open()
        try:
            return await within(self._bulkhead, self._deadline, lambda _: read(asker.page(path)))
        except Overdue as error:
            raise self._late() from error
        except Failed as failed:
            self._renew(asker, [failed])
            raise

    def close(self) -> None:
        self._bulkhead.close()
        if self._asker is not None:
            self._asker.close()

    @property
    def _deadline(self) -> float:
        return self._settings.timeout + SLACK

    async def _ask(self, asker: Asker, batch: Batch, at: float | None) -> Answers:
        started = self._clock.monotonic()
        try:
            answers = await within(self._bulkhead, self._deadline, lambda _: asker.ask(batch, at))
        except Overdue:
            return Answers(dict.fromkeys(batch, Answer(None, "timed out", self._late())))
        except Failed as failed:
            return Answers(dict.fromkeys(batch, Answer(None, failed.reason, failed)))
        now = self._clock.monotonic()
        self._batches.took(batch, now - started, now)
        self._batches.part(answers.bad, now)
        return answers

    def _late(self) -> Failed:
        return Failed(FailureKind.TIMED_OUT, f"{self._settings.url} did not answer within {self._settings.timeout:g} s")

    def _part_late(self, answered: Sequence[Answers]) -> None:
        """One dear query makes its whole batch late: it is told apart, unless nothing was answered at all."""
        late = [one for one in answered if all(_timed_out(answer) for answer in one.by_expr.values())]
        if len(late) < len(answered):
            for one in late:
                self._batches.part(tuple(one.by_expr), self._clock.monotonic())

    def _renew(self, asker: Asker, failures: Sequence[Failed]) -> None:
        if self._asker is asker and any(failure.kind in READ_AGAIN for failure in failures):
            self._asker = None
            asker.close()

    async def _open(self) -> Asker:
        async with self._opening:
            if self._asker is None:
                try:
                    self._asker = await self._bulkhead.call(lambda: Asker(self._settings, self._clock), FIRST)
                except TimeoutError as error:
                    raise Failed(FailureKind.TIMED_OUT, f"the client was not ready within {FIRST:g} s") from error
            return self._asker


def _timed_out(answer: Answer) -> bool:
    return answer.failed is not None and answer.failed.kind is FailureKind.TIMED_OUT
