"""Ids that follow from the seed, so that a run can be repeated."""

from __future__ import annotations

import random
import uuid


class Ids:
    """The same purposes in the same order are given the same ids."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._given = 0
        self._producers = 0

    def lasting(self, purpose: str) -> uuid.UUID:
        """One that is the same whenever it is asked for."""
        return uuid.UUID(int=random.Random(f"{self._seed} {purpose}").getrandbits(128), version=4)

    def fresh(self, purpose: str) -> str:
        """One that nobody was given before."""
        self._given += 1
        return str(self.lasting(f"{purpose} {self._given}"))

    def producer(self) -> int:
        """A number for a producer, counted up."""
        self._producers += 1
        return self._producers
