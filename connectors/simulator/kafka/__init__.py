"""The Kafka wire of the simulated estate, on kafka-python's own message classes: they decode and encode either way."""

from connectors.simulator.kafka.wire import KafkaWire

__all__ = ["KafkaWire"]
