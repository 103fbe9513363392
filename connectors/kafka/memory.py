"""What the readings of one cluster have shown so far: each group's course, and when offsets were written. Immutable.

A group that is missing for a moment, as when its coordinator is silent, is remembered for a minute.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain

from connectors.kafka.asking import Question, questions
from connectors.kafka.course import NEWS, Course, follow
from connectors.kafka.lag import Place
from connectors.kafka.seen import TopicPartition
from connectors.kafka.survey import Survey, TopicStand
from connectors.kafka.written import GRAIN, Bounds, Written


@dataclass(frozen=True, slots=True)
class Memory:
    """``topics`` have a course too: as that of a reader who has read everything that is gone."""

    cluster: str = ""  # its id: another one behind the same address is remembered from its own first reading
    groups: Mapping[str, Course] = field(default_factory=dict)
    topics: Mapping[str, Course] = field(default_factory=dict)
    written: Written = field(default_factory=Written)

    def after(self, survey: Survey, at: float) -> Memory:
        """With one more whole reading. ``at``: estate seconds."""
        if survey.cluster.id != self.cluster:
            return Memory(survey.cluster.id)._after(survey, at)
        return self._after(survey, at)

    def questions(self, survey: Survey) -> dict[TopicPartition, Question]:
        """What is still to be asked of the time before the first reading."""
        return questions(self.groups, survey.configs, self.written)

    def with_answers(
        self, asked: Mapping[TopicPartition, Question], offsets: Mapping[TopicPartition, int | None]
    ) -> Memory:
        """With the offsets at the times that brokers were asked for; None: every record is older."""
        points = {part: asked[part].answered(offset) for part, offset in offsets.items()}
        return replace(self, written=self.written.with_answers(points)) if points else self

    def _after(self, survey: Survey, at: float) -> Memory:
        ids = {name: topic.id for name, topic in survey.cluster.topics.items()}
        groups = {
            stand.group.name: follow(self.groups.get(stand.group.name), stand.places, at, ids)
            for stand in survey.groups
        }
        topics = {topic.name: follow(self.topics.get(topic.name), _read(topic), at, ids) for topic in survey.topics}
        courses = (*groups.values(), *topics.values())
        renewed = frozenset(name for course in courses if course.renewed_at == at for name in course.renewed)
        return Memory(
            self.cluster,
            {**_recent(self.groups, at), **groups},
            {**_recent(self.topics, at), **topics},
            self._written(survey, at).without(renewed),
        )

    def _written(self, survey: Survey, at: float) -> Written:
        if self.written.frames and at < self.written.frames[-1].at + GRAIN:
            return self.written
        groups = (place for stand in survey.groups for place in stand.places)
        return self.written.after(_bounds(chain(groups, *(topic.places for topic in survey.topics))), at)


def _bounds(places: Iterable[Place]) -> Bounds:
    return {
        (place.topic, place.partition): None if place.low is None or place.end is None else (place.low, place.end)
        for place in places
    }


def _read(topic: TopicStand) -> tuple[Place, ...]:
    return tuple(place._replace(committed=place.low) for place in topic.places)


def _recent(courses: Mapping[str, Course], at: float) -> dict[str, Course]:
    return {name: course for name, course in courses.items() if at - course.now.at < NEWS}
