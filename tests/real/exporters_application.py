"""Applications of our own making under the field's usual instrumentations: a web server, and a caller of third parties.

The web server wants ``uvicorn`` in the PATH, of an environment with fastapi and prometheus-fastapi-instrumentator; the
caller Java 17 and Maven.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.real.exporters import Recording, fetched, running, scrape, statuses
from tests.real.exporters_web import nginx_server
from tests.real.prometheus import free_port, program

SOURCES = Path(__file__).with_name("exporters_build")
SERVER = """\
from fastapi import FastAPI, HTTPException
from prometheus_fastapi_instrumentator import Instrumentator

app = FastAPI()


@app.get("/orders")
def orders() -> list[str]:
    return []


@app.get("/fail")
def fail() -> None:
    raise HTTPException(503)


Instrumentator().instrument(app).expose(app)
"""


def web(folder: Path) -> Recording:
    """Requests by status and their times, as http_requests_total and http_request_duration_seconds."""
    port = free_port()
    (folder / "application.py").write_text(SERVER)
    command = [program("uvicorn"), "--app-dir", str(folder), "--port", str(port), "--log-level", "warning"]
    with running([*command, "application:app"], folder):
        url = f"http://127.0.0.1:{port}"
        scrape(f"{url}/metrics")
        statuses(f"{url}/orders", 60)
        statuses(f"{url}/fail", 2)
        first = scrape(f"{url}/metrics")
        statuses(f"{url}/orders", 150)
        statuses(f"{url}/fail", 6)
        second = scrape(f"{url}/metrics")
    what = "FastAPI with prometheus-fastapi-instrumentator 8.1; 150 answers and 6 of 503 between"
    return Recording(what, first, second)


def caller(folder: Path) -> Recording:
    """One recording serves two presets. One third party answers, one fails until its breaker opens."""
    jars = folder / "jars"
    build = [program("mvn"), "-q", "-B", "-f", str(SOURCES / "pom.xml"), "dependency:copy-dependencies"]
    subprocess.run([*build, f"-DoutputDirectory={jars}"], check=True)
    port = free_port()
    command = [program("java"), "-XX:+UseSerialGC", "-Xmx128m", "-cp", f"{jars}/*", str(SOURCES / "Application.java")]
    with nginx_server(folder) as origin, running([*command, str(port)], folder):
        own, third = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{origin}"
        scrape(f"{own}/call?payments=0={third}/")
        for calls in (f"payments=40={third}/", f"payments=2={third}/busy", f"mail=3={third}/fail"):
            fetched(f"{own}/call?{calls}")
        first = scrape(f"{own}/metrics")
        for calls in (f"payments=120={third}/", f"payments=9={third}/busy", f"mail=30={third}/fail"):
            fetched(f"{own}/call?{calls}")
        second = scrape(f"{own}/metrics")
    what = "Micrometer 1.14 on Java's HTTP client, Resilience4j 2.3; 129 calls, 9 of them 429, and 30 that fail between"
    return Recording(what, first, second)
