"""blackbox_exporter's probes of the front door: its name, and its first page."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.simulator.exporters.cluster import Cluster
from connectors.simulator.exporters.ingress import CERTIFICATE
from connectors.simulator.exporters.target import Target
from connectors.simulator.tick import Sample, Tick

CONNECT, TLS, TRANSFER = 0.004, 0.011, 0.002  # seconds of a probe's phases that the model does not change
TIMEOUT = 9.5  # seconds, of a probe


def dns(target: Target, tick: Tick) -> Iterator[Sample]:
    seconds = tick.gauges["dns.lookup"]
    yield target.gauge("probe_success", tick.gauges["dns.ok"])
    yield target.gauge("probe_dns_lookup_time_seconds", seconds)
    yield target.gauge("probe_duration_seconds", seconds * 1.1)
    for phase, share in (("connect", 0.05), ("request", 0.05), ("resolve", 1.0)):
        yield target.gauge("probe_dns_duration_seconds", seconds * share, phase=phase)
    yield target.gauge("probe_dns_answer_rrs", 2 * tick.gauges["dns.ok"])
    yield target.gauge("probe_dns_query_succeeded", tick.gauges["dns.ok"])
    yield target.gauge("probe_ip_protocol", 4)


def http(target: Target, tick: Tick, cluster: Cluster) -> Iterator[Sample]:
    """A page that the CDN does not keep: it fails when most requests at the origin do."""
    resolved = tick.gauges["dns.ok"]
    fine = bool(resolved) and tick.success_origin >= 0.5
    status = 0 if not resolved else 200 if fine else 503
    resolve = tick.gauges["dns.lookup"]
    wait = sum(share * tick.gauges.get(f"{front}.wait", 0.0) for front, share in cluster.fronts.items())
    processing = min(wait + tick.gauges["database.latency"] + 0.005, TIMEOUT)
    phases = {
        "resolve": resolve,
        "connect": CONNECT * resolved,
        "tls": TLS * resolved,
        "processing": processing * resolved,
        "transfer": TRANSFER * resolved,
    }
    yield target.gauge("probe_success", float(fine))
    yield target.gauge("probe_http_status_code", status)
    yield target.gauge("probe_dns_lookup_time_seconds", resolve)
    yield target.gauge("probe_duration_seconds", sum(phases.values()))
    for phase, seconds in phases.items():
        yield target.gauge("probe_http_duration_seconds", seconds, phase=phase)
    yield target.gauge("probe_http_ssl", resolved)
    yield target.gauge("probe_http_version", 2 * resolved)
    yield target.gauge("probe_http_redirects", 0)
    yield target.gauge("probe_http_content_length", -1)
    yield target.gauge("probe_failed_due_to_regex", 0)
    yield target.gauge("probe_ssl_earliest_cert_expiry", cluster.opened + CERTIFICATE)
    yield target.gauge("probe_ip_protocol", 4)
