"""What each preset's queries must answer on its recording: sums, differences and shares, none of it PromQL.

None: this recording has no such series, and the preset says when that is so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.connectors import preset_expectations_clouds as clouds
from tests.connectors import preset_expectations_stores as stores
from tests.connectors.preset_expectations_stores import Expected
from tests.connectors.preset_recordings import AT, Recorded


def nginx(r: Recorded) -> Expected:
    return {
        "up": 1.0,
        "rate": r.rate("nginx_http_requests_total"),
        "connections": r.now("nginx_connections_active"),
        "idle": r.now("nginx_connections_waiting"),
        "dropped": r.rate("nginx_connections_accepted") - r.rate("nginx_connections_handled"),
    }


def _haproxy(r: Recorded) -> dict[str, float | None]:
    answers = "haproxy_frontend_http_responses_total"
    return {
        "rate": r.rate("haproxy_frontend_http_requests_total"),
        "errors": r.rate(answers, code="5xx") / r.rate(answers),
        "queued": r.now("haproxy_backend_current_queue"),
        "connections": r.now("haproxy_frontend_current_sessions"),
        "connections_max": r.now("haproxy_frontend_limit_sessions"),
        "available": 0.5,  # of the backend shop, whose second server is down; that of the other is up
    }


def haproxy(r: Recorded) -> Expected:
    return _haproxy(r) | {
        "latency": max(r.each("haproxy_backend_total_time_average_seconds")),
        "retries": r.rate("haproxy_backend_retry_warnings_total"),
    }


def haproxy_exporter(r: Recorded) -> Expected:
    return _haproxy(r) | {"up": r.now("haproxy_up")}


def node(r: Recorded) -> Expected:
    idle = r.rates("node_cpu_seconds_total", "cpu", mode="idle")
    return {
        "cpu": 1 - sum(idle.values()) / len(idle),
        "memory_ratio": 1 - r.now("node_memory_MemAvailable_bytes") / r.now("node_memory_MemTotal_bytes"),
        "disk": 1 - r.now("node_filesystem_avail_bytes") / r.now("node_filesystem_size_bytes"),
        "inodes": 1 - r.now("node_filesystem_files_free") / r.now("node_filesystem_files"),
        "load": r.now("node_load1") / len(idle),
    }


def blackbox(r: Recorded) -> Expected:
    return {
        "up": r.now("probe_success"),
        "probe": r.now("probe_duration_seconds"),
        "dns": r.now("probe_dns_lookup_time_seconds"),
    }


def ingress_nginx(r: Recorded) -> Expected:
    asked = "nginx_ingress_controller_requests"
    return {
        "rate": r.rate(asked),
        "errors": r.rate(asked, status="5..") / r.rate(asked),
        "p95": r.quantile(0.95, "nginx_ingress_controller_request_duration_seconds"),
        "limited": r.rate(asked, status="429"),
    }


def envoy(r: Recorded) -> Expected:
    answered = "envoy_cluster_upstream_rq_xx"
    return {
        "rate": r.rate("envoy_cluster_upstream_rq_total"),
        "errors": r.rate(answered, envoy_response_code_class="5") / r.rate(answered),
        "p95": r.quantile(0.95, "envoy_cluster_upstream_rq_time") / 1000,
        "queued": r.now("envoy_cluster_upstream_rq_pending_active"),
        "overflow": r.rate("envoy_cluster_upstream_(?:rq_pending|cx)_overflow"),
        "breaker": 1.0,
        "available": 0.5,  # of the cluster payments, which has lost one of its two hosts
        "retries": r.rate("envoy_cluster_upstream_rq_retry"),
    }


def istio(r: Recorded) -> Expected:
    asked = "istio_requests_total"
    return {
        "rate": r.rate(asked),
        "errors": r.rate(asked, response_code="5..") / r.rate(asked),
        "p95": r.quantile(0.95, "istio_request_duration_milliseconds") / 1000,
        "limited": r.rate(asked, response_code="429"),
        "refused": r.rate(asked, response_code="503"),
    }


def coredns(r: Recorded) -> Expected:
    answered = "coredns_dns_responses_total"
    return {
        "rate": r.rate("coredns_dns_requests_total"),
        "errors": r.rate(answered, rcode="SERVFAIL") / r.rate(answered),
        "p95": r.quantile(0.95, "coredns_dns_request_duration_seconds"),
        "cached": r.rate("coredns_cache_hits_total") / r.rate("coredns_cache_requests_total"),
    }


def traefik(r: Recorded) -> Expected:
    asked = "traefik_service_requests_total"
    return {
        "rate": r.rate(asked),
        "errors": r.rate(asked, code="5..") / r.rate(asked),
        "p95": r.quantile(0.95, "traefik_service_request_duration_seconds"),
        "limited": r.rate(asked, code="429"),
        "available": 1 / 2,
    }


def varnish(r: Recorded) -> Expected:
    hits, misses = r.rate("varnish_main_cache_hit"), r.rate("varnish_main_cache_miss")
    return {
        "up": 1.0,
        "rate": r.rate("varnish_main_client_req"),
        "hit_rate": hits / (hits + misses),
        "passed": r.rate("varnish_main_s_pass"),
        "fetch_failures": r.rate("varnish_main_fetch", type="failed")
        + r.rate("varnish_main_backend_(?:fail|unhealthy)"),
        "queued": r.rate("varnish_main_sessions", type="queued"),
        "dropped": r.rate("varnish_main_sessions", type="dropped"),
        "evictions": r.rate("varnish_main_n_lru_nuked"),
    }


def red(r: Recorded) -> Expected:
    return {
        "rate": r.rate("http_requests_total"),
        "errors": r.rate("http_requests_total", status="5xx") / r.rate("http_requests_total"),
        "p95": r.quantile(0.95, "http_request_duration_seconds"),
    }


def http_client(r: Recorded) -> Expected:
    calls = r.rate("http_client_requests_seconds_count")
    return {
        "rate": calls,
        "errors": r.rate("http_client_requests_seconds_count", status="500") / calls,
        "limited": r.rate("http_client_requests_seconds_count", status="429"),
        "latency": r.rate("http_client_requests_seconds_sum") / calls,
        "p95": r.quantile(0.95, "http_client_requests_seconds"),
    }


def resilience4j(r: Recorded) -> Expected:
    calls = r.rate("resilience4j_circuitbreaker_calls_seconds_count")
    return {
        "breaker": 1.0,
        "open": 0.5,  # mail's is, that of payments is not
        "rate": calls,
        "errors": r.rate("resilience4j_circuitbreaker_calls_seconds_count", kind="failed") / calls,
        "refused": r.rate("resilience4j_circuitbreaker_not_permitted_calls_total"),
    }


def deployments(r: Recorded) -> Expected:
    return {"desired": 3.0, "ready": 2.0, "unavailable": 1.0}


def autoscalers(r: Recorded) -> Expected:
    return {
        "hpa.current": r.now("kube_horizontalpodautoscaler_status_current_replicas"),
        "hpa.desired": r.now("kube_horizontalpodautoscaler_status_desired_replicas"),
        "hpa.room": 10.0 - r.now("kube_horizontalpodautoscaler_status_current_replicas"),
    }


def stateful_sets(r: Recorded) -> Expected:
    return {"desired": 2.0, "ready": 0.0, "unavailable": 2.0}


def pods(r: Recorded) -> Expected:
    restarts = r.rate("kube_pod_container_status_restarts_total")
    return {"restarts": restarts, "crashing": 1.0, "pending": 1.0, "pods": 4.0}


def cadvisor(r: Recorded) -> Expected:
    of_containers = {"container": ".+"}
    used = r.now("container_memory_working_set_bytes", **of_containers)
    periods = r.rate("container_cpu_cfs_periods_total", **of_containers)
    return {
        "cpu": r.rate("container_cpu_usage_seconds_total", **of_containers) / 0.1,  # each of two pods requests 50m
        "memory_ratio": used / (2 * 64 * 2**20),
        "memory_used": used,
        "throttled": r.rate("container_cpu_cfs_throttled_periods_total", **of_containers) / periods,
    }


def blackbox_http(r: Recorded) -> Expected:
    return {
        "up": r.now("probe_success"),
        "probe": r.now("probe_duration_seconds"),
        "answering": r.now("probe_http_duration_seconds", phase="processing"),
        "status": 200.0,
        "certificate": r.now("probe_ssl_earliest_cert_expiry") - AT,
    }


EXPECTED: Mapping[str, Callable[[Recorded], Expected]] = {
    "alb": clouds.alb,
    "blackbox": blackbox,
    "blackbox-http": blackbox_http,
    "cadvisor": cadvisor,
    "cloudflare": clouds.cloudflare,
    "cloudfront": clouds.cloudfront,
    "coredns": coredns,
    "debezium": stores.debezium,
    "envoy": envoy,
    "haproxy": haproxy,
    "haproxy-exporter": haproxy_exporter,
    "http-client": http_client,
    "ingress-nginx": ingress_nginx,
    "istio": istio,
    "kafka-exporter": stores.kafka,
    "kube-state-metrics": deployments,
    "kube-state-metrics-hpa": autoscalers,
    "kube-state-metrics-pods": pods,
    "kube-state-metrics-statefulset": stateful_sets,
    "memcached-exporter": stores.memcached,
    "mysqld-exporter": stores.mysqld,
    "nginx": nginx,
    "node": node,
    "pgbouncer-exporter": stores.pgbouncer,
    "postgres-exporter": stores.postgres,
    "rabbitmq": stores.rabbitmq,
    "rds": clouds.rds,
    "red": red,
    "redis-exporter": stores.redis,
    "resilience4j": resilience4j,
    "s3": clouds.s3,
    "traefik": traefik,
    "varnish-exporter": varnish,
}
