"""Four ordinary Kafka clients behind one face: each one writes, reads and looks around in its own way.

Two of them bring codecs that are not the simulator's own: librdkafka (confluent-kafka, kcat) and aiokafka's.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka import TopicPartition as AioTopicPartition
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Producer
from confluent_kafka import TopicPartition as ConfluentTopicPartition
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

PATIENCE = 20.0  # wall seconds for a client on a busy machine

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Access:
    """Where a cluster is and how one gets in. ``ca`` is the path of a certificate."""

    bootstrap: str
    protocol: str = "PLAINTEXT"
    mechanism: str = ""
    user: str = ""
    password: str = ""
    ca: str = ""

    def librdkafka(self) -> dict[str, str]:
        named = {
            "bootstrap.servers": self.bootstrap,
            "security.protocol": self.protocol,
            "sasl.mechanisms": self.mechanism,
            "sasl.username": self.user,
            "sasl.password": self.password,
            "ssl.ca.location": self.ca,
        }
        return {name: value for name, value in named.items() if value}

    def python(self) -> dict[str, Any]:
        """The names that kafka-python and aiokafka have in common."""
        named = {
            "bootstrap_servers": self.bootstrap.split(","),
            "security_protocol": self.protocol,
            "sasl_mechanism": self.mechanism,
            "sasl_plain_username": self.user,
            "sasl_plain_password": self.password,
            "ssl_context": ssl.create_default_context(cafile=self.ca) if self.ca else None,
        }
        return {name: value for name, value in named.items() if value}


class Client(Protocol):
    """``write`` and ``read`` are of partition 0, from its beginning. They raise when they are refused."""

    async def write(self, to: Access, topic: str, values: Sequence[bytes]) -> None: ...

    async def read(self, at: Access, topic: str, count: int) -> list[tuple[int, bytes]]: ...


class KafkaPython:
    async def write(self, to: Access, topic: str, values: Sequence[bytes]) -> None:
        def run() -> None:
            producer = KafkaProducer(**to.python(), max_block_ms=PATIENCE * 1000)
            try:
                for sent in [producer.send(topic, value, partition=0) for value in values]:
                    sent.get(PATIENCE)
            finally:
                producer.close(timeout=1)

        await asyncio.to_thread(run)

    async def read(self, at: Access, topic: str, count: int) -> list[tuple[int, bytes]]:
        def run() -> list[tuple[int, bytes]]:
            consumer = KafkaConsumer(**at.python(), consumer_timeout_ms=PATIENCE * 1000, enable_auto_commit=False)
            try:
                consumer.assign([TopicPartition(topic, 0)])
                consumer.seek_to_beginning()
                return [(record.offset, record.value) for _, record in zip(range(count), consumer, strict=False)]
            finally:
                consumer.close()

        return await asyncio.to_thread(run)


class Confluent:
    async def write(self, to: Access, topic: str, values: Sequence[bytes]) -> None:
        def run() -> None:
            failed: list[Any] = []
            producer = Producer({**to.librdkafka(), "message.timeout.ms": int(PATIENCE * 1000), "log_level": 0})
            for value in values:
                producer.produce(topic, value, partition=0, on_delivery=lambda error, _: failed.append(error))
            assert producer.flush(PATIENCE) == 0
            for error in failed:
                if error is not None:
                    raise KafkaException(error)

        await asyncio.to_thread(run)

    async def read(self, at: Access, topic: str, count: int) -> list[tuple[int, bytes]]:
        def run() -> list[tuple[int, bytes]]:
            settings = {**at.librdkafka(), "group.id": "nobody", "enable.auto.commit": False, "log_level": 0}
            consumer = Consumer(settings)
            try:
                consumer.assign([ConfluentTopicPartition(topic, 0, OFFSET_BEGINNING)])
                return confluent_records(consumer, count)
            finally:
                consumer.close()

        return await asyncio.to_thread(run)


def confluent_records(consumer: Consumer, count: int) -> list[tuple[int, bytes]]:
    """So many records, within PATIENCE; KafkaException when the consumer is told of an error."""
    found: list[tuple[int, bytes]] = []
    deadline = time.monotonic() + PATIENCE
    while len(found) < count and time.monotonic() < deadline:
        record = consumer.poll(0.2)
        if record is None:
            continue
        if (error := record.error()) is not None:
            if error.retriable():
                continue
            raise KafkaException(error)
        found.append((record.offset() or 0, record.value() or b""))
    return found


class AioKafka:
    async def write(self, to: Access, topic: str, values: Sequence[bytes]) -> None:
        async with AIOKafkaProducer(**to.python()) as producer:
            for value in values:
                await asyncio.wait_for(producer.send_and_wait(topic, value, partition=0), PATIENCE)

    async def read(self, at: Access, topic: str, count: int) -> list[tuple[int, bytes]]:
        consumer = AIOKafkaConsumer(**at.python(), auto_offset_reset="earliest")
        consumer.assign([AioTopicPartition(topic, 0)])
        async with consumer:
            records = [await asyncio.wait_for(consumer.getone(), PATIENCE) for _ in range(count)]
        return [(record.offset, record.value or b"") for record in records]


class Kcat:
    async def write(self, to: Access, topic: str, values: Sequence[bytes]) -> None:
        await kcat(to, "-P", "-t", topic, "-p", "0", given=b"\n".join(values) + b"\n")

    async def read(self, at: Access, topic: str, count: int) -> list[tuple[int, bytes]]:
        said = await kcat(at, "-C", "-t", topic, "-p", "0", "-o", "beginning", "-c", str(count), "-f", "%o %s\\n")
        lines = [line.split(b" ", 1) for line in said.splitlines()]
        return [(int(offset), value) for offset, value in lines]


class Refused(Exception):
    """What kcat said on its way out."""


async def kcat(at: Access, *arguments: str, given: bytes = b"") -> bytes:
    """What it prints. Raises Refused when it fails."""
    if shutil.which("kcat") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("kcat is not installed")
        pytest.skip("kcat is not installed")
    settings = [part for name, value in at.librdkafka().items() for part in ("-X", f"{name}={value}")]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        "kcat", "-b", at.bootstrap, *settings, *arguments, stdin=pipe, stdout=pipe, stderr=pipe
    )
    try:
        out, errors = await asyncio.wait_for(process.communicate(given), PATIENCE)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        raise Refused(errors.decode())
    return out


CLIENTS: Mapping[str, Client] = {
    "kafka-python": KafkaPython(),
    "confluent-kafka": Confluent(),
    "aiokafka": AioKafka(),
    "kcat": Kcat(),
}


async def until(holds: Callable[[], bool]) -> None:
    """Polls until it holds; AssertionError after PATIENCE."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
