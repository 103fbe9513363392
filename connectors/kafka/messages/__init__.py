"""Messages of the protocol that the client library has no classes for, in the protocol's own way of writing them down.

KIP-848's groups are described by an API of their own, since Apache Kafka 3.7. Imported in a worker thread only.
"""

from __future__ import annotations

from kafka.protocol.api_message import ApiMessage


class ConsumerGroupDescribeRequest(ApiMessage, load_json=__package__):  # type: ignore[misc, call-arg]
    pass


class ConsumerGroupDescribeResponse(ApiMessage, load_json=__package__):  # type: ignore[misc, call-arg]
    pass
