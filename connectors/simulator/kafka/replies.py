"""The parts of answers that come by the ten thousand.

The codec encodes whatever has a structure's attributes, and its own classes take longer to make than to encode.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class LookedUp:
    """A partition in an answer to ListOffsets."""

    partition_index: int
    error_code: int
    timestamp: int = -1
    offset: int = -1
    leader_epoch: int = -1


@dataclass(slots=True)
class CommittedOffset:
    """A partition in an answer to OffsetFetch."""

    partition_index: int
    committed_offset: int
    metadata: str
    error_code: int
    committed_leader_epoch: int = -1
