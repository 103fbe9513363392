"""The Prometheus of the simulated estate: fed by scrapes of the model, asked over HTTP by anyone's client."""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import Iterable

from aiohttp import web
from aiohttp.typedefs import Middleware

from connectors.simulator.clock import SimClock
from connectors.simulator.prometheus.answers import Handler, manners, refusals
from connectors.simulator.prometheus.api import Api
from connectors.simulator.prometheus.api_rules import RulesApi
from connectors.simulator.prometheus.api_status import StatusApi
from connectors.simulator.prometheus.api_targets import TargetsApi
from connectors.simulator.prometheus.engine import Engine
from connectors.simulator.prometheus.evaluation import Evaluation
from connectors.simulator.prometheus.patience import LARGEST, SECONDS, Patience
from connectors.simulator.prometheus.rules import RuleFile, default_rules
from connectors.simulator.prometheus.store import Store
from connectors.simulator.tick import Sample, Tick

LOG = logging.getLogger(__name__)
LOG.addHandler(logging.NullHandler())  # a client's nonsense belongs in a log that was asked for, never on a screen

MAX_LINE = 65_536  # bytes of a request line; queries may be long
GRACE = 0.5  # wall seconds that open connections get when the wire stops, and a refused body to end


class PrometheusWire:
    """One Prometheus on a loopback port. ``url`` is known after ``start``."""

    def __init__(
        self, clock: SimClock, seed: int = 0, rules: RuleFile | None = None, patience: float = SECONDS
    ) -> None:
        """``rules``: what is recorded and alerted on; without it the file beside the code. Raises ``RulesError``.

        ``patience``: wall seconds for a request to arrive.
        """
        self.url = ""
        self._store = Store()
        engine = Engine(self._store, clock)
        self._evaluation = Evaluation(engine, default_rules() if rules is None else rules)
        self._pages = (Api(engine), TargetsApi(engine), RulesApi(self._evaluation, clock), StatusApi(engine))
        self._token: str | None = None
        self._patience = Patience(patience)
        self._runner: web.AppRunner | None = None
        self._listener: asyncio.Server | None = None

    def scrape(self, t: int, samples: Iterable[Sample]) -> None:
        """Appends one scrape, taken at ``t`` simulated seconds, and evaluates the rules. Times must not go back."""
        self._store.scrape(t * 1000, samples)
        self._evaluation.step(t * 1000)

    def step(self, t: int, tick: Tick) -> None:
        """Nothing: this wire shows what is scraped, and the estate decides when that is."""

    def require_token(self, token: str | None) -> None:
        """From now on every request must carry this bearer token; None lets everyone in."""
        self._token = token

    async def start(self, host: str = "127.0.0.1") -> None:
        middlewares = [manners, self._patience.bounded, self._guard(), refusals]
        app = web.Application(middlewares=middlewares, client_max_size=LARGEST)
        for pages in self._pages:
            app.add_routes(pages.routes())
        self._runner = web.AppRunner(
            app,
            access_log=None,
            logger=LOG,
            max_line_size=MAX_LINE,
            shutdown_timeout=GRACE,
            lingering_time=GRACE,
            handler_cancellation=True,  # a query whose client has gone goes on for nobody
        )
        await self._runner.setup()
        self._listener = await self._patience.listen(self._runner, host)
        self.url = f"http://{host}:{self._listener.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def _guard(self) -> Middleware:
        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            problem = self._refused(request.headers.get("Authorization"))
            return await handler(request) if problem is None else unauthorized(problem)

        return guard

    def _refused(self, header: str | None) -> str | None:
        """Why a request may not pass, in RFC 6750's words: "" without a token, an error code with a wrong one."""
        if self._token is None:
            return None
        if not header:
            return ""
        scheme, _, given = header.partition(" ")
        right = scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), self._token.encode())
        return None if right else "invalid_token"


def unauthorized(problem: str) -> web.Response:
    """401. An expired token and a wrong one look the same, as they do at an authenticating proxy."""
    if not problem:
        return web.Response(status=401, text="Unauthorized\n", headers={"WWW-Authenticate": "Bearer"})
    challenge = f'Bearer error="{problem}", error_description="The access token is invalid or expired"'
    text = "Unauthorized: the access token is invalid or expired\n"
    return web.Response(status=401, text=text, headers={"WWW-Authenticate": challenge})
