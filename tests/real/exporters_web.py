"""nginx and HAProxy, each under a few hundred requests, some of which fail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.real.exporters import Recording, running, scrape, statuses
from tests.real.prometheus import free_port, program

NGINX = """\
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    server {{
        listen 127.0.0.1:{port};
        location = /status {{ stub_status; }}
        location = /fail {{ return 500; }}
        location = /busy {{ return 429; }}
        location = / {{ return 200 "well"; }}
    }}
}}
"""
HAPROXY = """\
global
    stats socket {folder}/haproxy.sock
    maxconn 400
defaults
    mode http
    timeout client 5s
    timeout server 5s
    timeout connect 1s
frontend shop
    bind 127.0.0.1:{port}
    maxconn 200
    use_backend gone if {{ path /gone }}
    default_backend shop
backend shop
    option httpchk GET /
    server web1 127.0.0.1:{origin} check inter 200
    server web2 127.0.0.1:{nowhere} check inter 200
backend gone
    server web1 127.0.0.1:{nowhere}
frontend stats
    bind 127.0.0.1:{stats}
    http-request use-service prometheus-exporter if {{ path /metrics }}
    stats enable
    stats uri /stats
"""


@contextmanager
def nginx_server(folder: Path) -> Iterator[int]:
    """Its port: / answers, /fail fails, /status is stub_status."""
    port = free_port()
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port))
    with running([program("nginx"), "-p", str(folder), "-c", str(folder / "nginx.conf")], folder):
        scrape(f"http://127.0.0.1:{port}/")
        yield port


@contextmanager
def haproxy_server(folder: Path) -> Iterator[tuple[int, int]]:
    """The ports of its frontend and of its statistics. One of its two servers is not there."""
    port, stats = free_port(), free_port()
    with nginx_server(folder) as origin:
        config = HAPROXY.format(folder=folder, port=port, origin=origin, stats=stats, nowhere=free_port())
        (folder / "haproxy.cfg").write_text(config)
        with running([program("haproxy"), "-db", "-f", str(folder / "haproxy.cfg")], folder):
            scrape(f"http://127.0.0.1:{stats}/metrics")
            yield port, stats


def nginx(folder: Path) -> Recording:
    with nginx_server(folder) as port:
        url, own = f"http://127.0.0.1:{port}", f"127.0.0.1:{free_port()}"
        exporter = [program("prometheus-nginx-exporter"), f"-nginx.scrape-uri={url}/status"]
        with running([*exporter, f"-web.listen-address={own}"], folder):
            statuses(f"{url}/", 240)
            first = scrape(f"http://{own}/metrics")
            statuses(f"{url}/", 300)
            second = scrape(f"http://{own}/metrics")
    return Recording("nginx 1.22.1, prometheus-nginx-exporter 0.11.0, 300 requests between", first, second, r"nginx_.*")


def haproxy(folder: Path) -> Recording:
    with haproxy_server(folder) as (port, stats):
        first, second = _loaded(port, f"http://127.0.0.1:{stats}/metrics")
    what = "HAProxy 2.6.12, its own endpoint; one of two servers is down; 200 answers, 12 of 500, 8 of 503 between"
    beside = r"haproxy_backend_(?:active_servers|status|http_responses_total)|haproxy_process_current_connections"
    return Recording(what, first, second, beside)


def haproxy_exporter(folder: Path) -> Recording:
    with haproxy_server(folder) as (port, stats):
        own = f"127.0.0.1:{free_port()}"
        asked = f"http://127.0.0.1:{stats}/stats;csv"
        exporter = [program("prometheus-haproxy-exporter"), f"--haproxy.scrape-uri={asked}"]
        with running([*exporter, f"--web.listen-address={own}"], folder):
            first, second = _loaded(port, f"http://{own}/metrics")
    what = "HAProxy 2.6.12, haproxy_exporter 0.14.0; one of two servers is down; 200 answers, 20 of 5xx between"
    return Recording(what, first, second, r"haproxy_backend_(?:up|http_responses_total)")


def _loaded(port: int, metrics: str) -> tuple[str, str]:
    url = f"http://127.0.0.1:{port}"
    statuses(f"{url}/", 120)
    first = scrape(metrics)
    statuses(f"{url}/", 180)
    statuses(f"{url}/fail", 12)
    statuses(f"{url}/gone", 8)
    return first, scrape(metrics)


def varnish(folder: Path) -> Recording:
    with nginx_server(folder) as origin:
        port, own = free_port(), f"127.0.0.1:{free_port()}"
        directory = folder / "varnish"
        server = [program("varnishd"), "-F", "-n", str(directory), "-a", f"127.0.0.1:{port}"]
        exporter = [program("prometheus-varnish-exporter"), "-n", str(directory), f"-web.listen-address={own}"]
        with running([*server, "-b", f"127.0.0.1:{origin}", "-s", "malloc,32m"], folder), running(exporter, folder):
            url = f"http://127.0.0.1:{port}"
            scrape(f"{url}/")
            statuses(f"{url}/", 50)
            first = scrape(f"http://{own}/metrics")
            statuses(f"{url}/", 160)
            for number in range(20):
                statuses(f"{url}/?page={number}", 1)
            second = scrape(f"http://{own}/metrics")
    what = "Varnish 7.1, varnish_exporter 1.6.1; 160 requests of one page and 20 of others between"
    return Recording(what, first, second, r"varnish_(?:main_cache_hit_grace|main_threads|sma_g_bytes)")
