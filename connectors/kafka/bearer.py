"""A bearer token as the client library wants to be handed it. Imported in a worker thread only."""

from __future__ import annotations

from kafka.net.sasl.oauth import AbstractTokenProvider

from connectors.kafka.oauth import Tokens


class Bearer(AbstractTokenProvider):  # type: ignore[misc]
    """Asked on the library's loop, so it hands out what is there."""

    def __init__(self, tokens: Tokens) -> None:
        super().__init__()
        self._tokens = tokens

    def token(self) -> str:
        return self._tokens.token()
