"""A simulated estate that speaks Kafka, Redis, Kubernetes and Prometheus on loopback ports.

It stands on the far side of the wires: it shares no code with the connectors, so that
a mistake in one cannot hide a mistake in the other.
"""
