"""What the presets of bought services must answer on their recordings: sums and shares, none of it PromQL."""

from __future__ import annotations

from tests.connectors.preset_expectations_stores import Expected
from tests.connectors.preset_recordings import Recorded


def cloudfront(r: Recorded) -> Expected:
    return {
        "requests": r.now("aws_cloudfront_requests_sum"),
        "errors": r.now("aws_cloudfront_5xx_error_rate_average") / 100,
        "hit_rate": r.now("aws_cloudfront_cache_hit_rate_average") / 100,
        "p95": r.now("aws_cloudfront_origin_latency_p95") / 1000,
        "sent": r.now("aws_cloudfront_bytes_downloaded_sum"),
    }


def cloudflare(r: Recorded) -> Expected:
    asked = r.rate("cloudflare_zone_requests_total")
    return {
        "rate": asked,
        "hit_rate": r.rate("cloudflare_zone_requests_cached") / asked,
        "errors": r.rate("cloudflare_zone_requests_status", status="5..") / asked,
        "threats": r.rate("cloudflare_zone_threats_total"),
        "sent": r.rate("cloudflare_zone_bandwidth_total"),
    }


def alb(r: Recorded) -> Expected:
    asked, own = r.now("aws_applicationelb_request_count_sum"), r.now("aws_applicationelb_httpcode_elb_5_xx_count_sum")
    return {
        "requests": asked,
        "errors": (r.now("aws_applicationelb_httpcode_target_5_xx_count_sum") + own) / (asked + own),
        "p95": r.now("aws_applicationelb_target_response_time_p95"),
        "rejected": r.now("aws_applicationelb_rejected_connection_count_sum"),
        "unreached": r.now("aws_applicationelb_target_connection_error_count_sum"),
    }


def rds(r: Recorded) -> Expected:
    return {
        "cpu": r.now("aws_rds_cpuutilization_average") / 100,
        "connections": r.now("aws_rds_database_connections_average"),
        "latency": r.now("aws_rds_read_latency_average"),
        "write_latency": r.now("aws_rds_write_latency_average"),
        "queued": r.now("aws_rds_disk_queue_depth_average"),
        "memory_free": r.now("aws_rds_freeable_memory_average"),
        "disk_free": r.now("aws_rds_free_storage_space_average"),
        "replica_lag": r.now("aws_rds_replica_lag_average"),
    }


def s3(r: Recorded) -> Expected:
    asked = r.now("aws_s3_all_requests_sum")
    return {
        "requests": asked,
        "errors": r.now("aws_s3_5xx_errors_sum") / asked,
        "first_byte": r.now("aws_s3_first_byte_latency_p95") / 1000,
        "p95": r.now("aws_s3_total_request_latency_p95") / 1000,
    }
