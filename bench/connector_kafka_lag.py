"""What it costs to judge the lag of 200 groups of 50 partitions, an hour remembered, against decoding the answers.

All groups are behind, by more than the last readings: the dearest case, for each partition's age is then looked up. The
baseline is what the client takes to decode three answers about as many partitions: commits, low watermarks, ends.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from kafka.protocol.consumer import ListOffsetsResponse

from bench.result import Result
from connectors.kafka.lag import Place
from connectors.kafka.memory import Memory
from connectors.kafka.seen import ClusterView, GroupView, TopicConfig
from connectors.kafka.seldom import Told
from connectors.kafka.survey import GroupStand, Survey
from connectors.kafka.told import observed

GROUPS, PARTITIONS = 200, 50
EVERY, HOUR = 5.0, 3600.0  # estate seconds between readings
ROUNDS = 7
VERSION = 7
CONFIG = TopicConfig(retention_ms=604_800_000, retention_bytes=-1, cleanup=frozenset({"delete"}))


def run() -> Iterator[Result]:
    memory, at = _remembered()
    survey, answer = _survey(at + EVERY), _answer()

    def judge() -> None:
        later = memory.after(survey, at + EVERY)
        later.questions(survey)
        observed(survey, "kafka", at + EVERY, later)

    def decode() -> None:
        for _ in range(3):
            ListOffsetsResponse.decode(answer, version=VERSION, header=True, framed=True)

    decoding, judging = _cheapest(decode), _cheapest(judge)
    beside = f"decoding them {decoding * 1e3:.0f} ms"
    yield Result(f"kafka: judging {GROUPS} x {PARTITIONS}, of decoding", judging / decoding, "x", 9.0, beside)


def _cheapest(function: Callable[[], object]) -> float:
    """Seconds of the processor that one call takes: the least of several, for others are at work beside it."""
    taken = []
    for _ in range(ROUNDS):
        start = time.process_time()
        function()
        taken.append(time.process_time() - start)
    return min(taken)


def _remembered() -> tuple[Memory, float]:
    memory, at = Memory(), 0.0
    while at < HOUR:
        at += EVERY * (24 if at < HOUR - 120 else 1)  # what is old is thinned anyway
        memory = memory.after(_survey(at), at)
    return memory, at


def _survey(at: float) -> Survey:
    stands = tuple(
        GroupStand(GroupView(f"group-{group}", "Stable", 4), _places(group, at), ()) for group in range(GROUPS)
    )
    configs = {f"topic-{group}": CONFIG for group in range(GROUPS)}
    return Survey(ClusterView("bench", (1,), {}), stands, (), (), told=Told(configs))


def _places(group: int, at: float) -> tuple[Place, ...]:
    end = 1_000_000 + int(50 * at)
    return tuple(Place(f"topic-{group}", index, int(end - 60_000 + 10 * at), 0, end) for index in range(PARTITIONS))


def _answer() -> bytes:
    topic = ListOffsetsResponse.ListOffsetsTopicResponse
    part = topic.ListOffsetsPartitionResponse
    topics = [
        topic(
            name=f"topic-{group}",
            partitions=[
                part(partition_index=n, error_code=0, timestamp=-1, offset=1_000_000 + n, leader_epoch=0)
                for n in range(PARTITIONS)
            ],
        )
        for group in range(GROUPS)
    ]
    said = ListOffsetsResponse(throttle_time_ms=0, topics=topics, version=VERSION)
    said.with_header(correlation_id=1)
    return bytes(said.encode(framed=True, header=True))
