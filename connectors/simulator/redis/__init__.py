"""The shop's Redis: an own RESP2/RESP3 server over a small real keyspace, its INFO dictated by the traffic model.

A real server's counters move only with real traffic, and a simulated shop has none; so INFO shows the model's
cache while every command, transaction, script and subscription works on real keys.
"""

from connectors.simulator.redis.wire import RedisWire

__all__ = ["RedisWire"]
