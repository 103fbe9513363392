"""The Prometheus wire: a series store, a PromQL evaluator over promql-parser's syntax tree, and the HTTP API v1."""

from connectors.simulator.prometheus.wire import PrometheusWire

__all__ = ["PrometheusWire"]
