"""PostgreSQL, and PgBouncer in front of it with fewer connections than clients."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.real.exporters import Recording, running, scrape, told, wait_for
from tests.real.prometheus import end, free_port, program

POSTGRES = Path("/usr/lib/postgresql/15/bin")
# Replaces itself by the server, so that ending the process ends the server.
USER = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
POOL = """\
[databases]
shop = host=127.0.0.1 port={server} dbname=postgres user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
admin_users = postgres
pool_mode = transaction
default_pool_size = 2
ignore_startup_parameters = extra_float_digits
"""


@contextmanager
def postgres_server(folder: Path) -> Iterator[int]:
    """Its port; the user is postgres, without a password. It may not run as root."""
    data, port = folder / "data", free_port()
    data.mkdir()
    shutil.chown(data, "postgres", "postgres")
    told("runuser", "-u", "postgres", "--", str(POSTGRES / "initdb"), "-D", str(data), "-A", "trust", "-E", "UTF8")
    settings = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": 60}
    settings |= {"shared_preload_libraries": "pg_stat_statements", "fsync": "off"}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with running([*USER, str(POSTGRES / "postgres"), "-D", str(data), *options], folder):
        wait_for(lambda: sql(port, "select 1"), "postgres")
        sql(port, "create extension pg_stat_statements")
        yield port


def sql(port: int, statement: str, database: str = "postgres") -> str:
    return told("psql", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-d", database, "-Atc", statement)


def postgres(folder: Path) -> Recording:
    with postgres_server(folder) as port, ExitStack() as ending:
        own = f"127.0.0.1:{free_port()}"
        (folder / "queries.yaml").write_text(STATEMENTS)
        source = {"DATA_SOURCE_NAME": f"postgresql://postgres@127.0.0.1:{port}/postgres?sslmode=disable"}
        exporter = [program("prometheus-postgres-exporter"), f"--web.listen-address={own}"]
        exporter.append(f"--extend.query-path={folder / 'queries.yaml'}")
        ending.enter_context(running(exporter, folder, os.environ | source))
        bench = [str(POSTGRES / "pgbench"), "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-n", "postgres"]
        told(*bench, "-i")
        told(*bench, "-t", "50")
        first = scrape(f"http://{own}/metrics")
        told(*bench, "-t", "60", "-c", "2")
        second = scrape(f"http://{own}/metrics")
    what = "PostgreSQL 15, postgres_exporter 0.11.1 with its pg_stat_statements queries; 120 transactions between"
    return Recording(what, first, second, r"pg_stat_database_(?:xact_rollback|deadlocks)", {f":{port}": ":5432"})


# As the exporter's own queries.yaml has it; newer releases have a collector of the same metrics.
STATEMENTS = """\
pg_stat_statements:
  query: >-
    SELECT d.datname, s.calls AS calls_total, s.total_exec_time / 1000 AS seconds_total
    FROM (SELECT dbid, sum(calls) AS calls, sum(total_exec_time) AS total_exec_time
    FROM pg_stat_statements GROUP BY dbid) s JOIN pg_database d ON d.oid = s.dbid
  metrics:
    - datname: {usage: LABEL, description: Name of database}
    - calls_total: {usage: COUNTER, description: Number of times executed}
    - seconds_total: {usage: COUNTER, description: Total time spent in the statement in seconds}
pg_replication:
  query: SELECT CASE WHEN NOT pg_is_in_recovery() THEN 0 ELSE 1 END AS lag
  metrics:
    - lag: {usage: GAUGE, description: Replication lag behind the primary in seconds}
"""


def pgbouncer(folder: Path) -> Recording:
    """Its exporter is PyPI's prometheus-pgbouncer-exporter; its program is to be in the PATH."""
    with postgres_server(folder) as server, ExitStack() as ending:
        port, own = free_port(), free_port()
        (folder / "pgbouncer.ini").write_text(POOL.format(server=server, port=port))
        ending.enter_context(running([*USER, program("pgbouncer"), str(folder / "pgbouncer.ini")], folder))
        wait_for(lambda: sql(port, "select 1", "shop"), "pgbouncer")
        dsn = {"dsn": f"postgresql://postgres@127.0.0.1:{port}/pgbouncer", "connect_timeout": 5}
        config = {"exporter_host": "127.0.0.1", "exporter_port": own, "pgbouncers": [dsn]}
        (folder / "exporter.yml").write_text(json.dumps(config))
        command = [program("pgbouncer-exporter"), "--config", str(folder / "exporter.yml")]
        ending.enter_context(running(command, folder))
        bench = [str(POSTGRES / "pgbench"), "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-n", "shop"]
        told(*bench, "-i")
        first = scrape(f"http://127.0.0.1:{own}/metrics")
        load = subprocess.Popen([*bench, "-c", "8", "-T", "30"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        ending.callback(end, load)
        second = wait_for(lambda: crowded(f"http://127.0.0.1:{own}/metrics"), "clients that wait")
    what = "PgBouncer 1.18 with a pool of two and eight clients, prometheus-pgbouncer-exporter 2.1.2"
    return Recording(what, first, second, r"pgbouncer_(?:up|databases_database_pool_size)")


def crowded(metrics: str) -> str:
    """The scrape, once clients wait in it."""
    text = scrape(metrics)
    waiting = [line for line in text.splitlines() if line.startswith("pgbouncer_pools_client_waiting_connections{")]
    return text if any(float(line.split()[-1]) > 0 for line in waiting) else ""
