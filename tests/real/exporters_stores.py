"""Databases, caches and brokers, each with its exporter, under a load that moves every counter a preset asks for."""

from __future__ import annotations

import base64
import json
import os
import socket
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.real.exporters import Recording, fetched, running, scrape, told, wait_for
from tests.real.prometheus import free_port, program
from tests.real.redis import start_redis

PUBLISHED, TAKEN = 60, 25  # messages


def redis(folder: Path) -> Recording:
    with start_redis(folder, "--maxmemory", "4mb", "--maxmemory-policy", "allkeys-lru") as url, ExitStack() as ending:
        port, own = url.split(":")[2].split("/")[0], f"127.0.0.1:{free_port()}"
        exporter = [program("prometheus-redis-exporter"), f"-redis.addr={url}", f"-web.listen-address={own}"]
        ending.enter_context(running(exporter, folder))
        load = [program("redis-benchmark"), "-p", port, "-q", "-d", "900", "-r", "9000", "-t", "set,get", "-n"]
        told(*load, "4000")
        first = scrape(f"http://{own}/metrics")
        told(*load, "6000")
        second = scrape(f"http://{own}/metrics")
    what = "redis-server 7.0 with 4 MB, redis_exporter 1.45.0; 6,000 SET and 6,000 GET between"
    beside = r"redis_(?:config_maxclients|connected_slaves|db_keys|blocked_clients|expired_keys_total)"
    return Recording(what, first, second, beside)


def mysqld(folder: Path) -> Recording:
    port, own, data = free_port(), f"127.0.0.1:{free_port()}", folder / "data"
    told("mariadb-install-db", "--no-defaults", f"--datadir={data}", "--user=root", "--skip-test-db")
    options = [f"--datadir={data}", f"--socket={folder}/socket", f"--port={port}", "--bind-address=127.0.0.1"]
    server = [program("mariadbd"), "--no-defaults", "--user=root", *options, "--max-connections=40"]
    with running(server, folder), ExitStack() as ending:
        ask = ["mariadb", "--no-defaults", f"--socket={folder}/socket", "-N", "-e"]
        wait_for(lambda: told(*ask, "select 1"), "mariadbd")
        told(*ask, "create user exporter@'127.0.0.1' identified by 'x'; grant all on *.* to exporter@'127.0.0.1'")
        told(*ask, "create table mysql.load_ (id int primary key, word varchar(20)) engine=innodb")
        exporter = [program("prometheus-mysqld-exporter"), f"--web.listen-address={own}"]
        source = {"DATA_SOURCE_NAME": f"exporter:x@(127.0.0.1:{port})/"}
        ending.enter_context(running(exporter, folder, os.environ | source))
        told(*ask, ";".join(f"insert into mysql.load_ values ({n}, 'w')" for n in range(100)))
        first = scrape(f"http://{own}/metrics")
        told(*ask, "set long_query_time=0.1; select sleep(0.15); " + "select count(*) from mysql.load_;" * 150)
        second = scrape(f"http://{own}/metrics")
    what = "MariaDB 10.11, mysqld_exporter 0.14.0; 150 selects and a slow one between"
    return Recording(what, first, second, r"mysql_global_status_(?:aborted_connects|uptime|innodb_row_lock_waits)")


def memcached(folder: Path) -> Recording:
    """Its exporter is no package of Debian: it is to be in the PATH, built by Go's tools."""
    port, own = free_port(), f"127.0.0.1:{free_port()}"
    server = [program("memcached"), "-l", "127.0.0.1", "-p", str(port), "-m", "2", "-c", "50", "-u", "root"]
    exporter = [program("memcached_exporter"), f"--memcached.address=127.0.0.1:{port}", f"--web.listen-address={own}"]
    with running(server, folder), running(exporter, folder):
        wait_for(lambda: spoken(port, "version"), "memcached")
        stored(port, range(1500))
        first = scrape(f"http://{own}/metrics")
        stored(port, range(1500, 4500))
        second = scrape(f"http://{own}/metrics")
    what = "memcached 1.6.18 with 2 MB, memcached_exporter 0.14.3; 3,000 sets and 6,000 gets between"
    return Recording(what, first, second, r"memcached_(?:current_items|uptime_seconds|connections_total)")


def stored(port: int, numbers: range) -> None:
    """Sets each key, and gets it and one that is not there."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection, connection.makefile("rb") as answers:
        for number in numbers:
            value = "v" * 900
            connection.sendall(f"set key{number} 0 0 900\r\n{value}\r\nget key{number}\r\nget no{number}\r\n".encode())
            for _ in range(2):
                while answers.readline() not in (b"END\r\n", b"STORED\r\n"):
                    pass
            answers.readline()


def spoken(port: int, line: str) -> str:
    with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
        connection.sendall(f"{line}\r\n".encode())
        return connection.recv(4096).decode()


@contextmanager
def rabbit_server(folder: Path) -> Iterator[tuple[str, str]]:
    """The addresses of its management and of its metrics. Its Erlang port mapper ends with it."""
    mapper, amqp, manage, metrics = (free_port() for _ in range(4))
    (folder / "plugins").write_text("[rabbitmq_prometheus,rabbitmq_management].")
    (folder / "rabbit.conf").write_text(
        f"listeners.tcp.local = 127.0.0.1:{amqp}\n"
        f"prometheus.tcp.port = {metrics}\nprometheus.tcp.ip = 127.0.0.1\n"
        f"management.tcp.port = {manage}\nmanagement.tcp.ip = 127.0.0.1\n"
    )
    environment = os.environ | {
        "HOME": str(folder),
        "ERL_EPMD_PORT": str(mapper),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": "rabbit@localhost",
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbit.conf"),
    }
    home = next(Path("/usr/lib/rabbitmq/lib").glob("rabbitmq_server-*/sbin"))
    names = [program("epmd"), "-port", str(mapper), "-address", "127.0.0.1"]
    with running(names, folder, environment), running([str(home / "rabbitmq-server")], folder, environment):
        scrape(f"http://127.0.0.1:{metrics}/metrics")
        yield f"http://127.0.0.1:{manage}/api", f"http://127.0.0.1:{metrics}/metrics"


def managed(url: str, method: str, body: Mapping[str, object]) -> str:
    """A call of RabbitMQ's management interface."""
    login = base64.b64encode(b"guest:guest").decode()
    headers = {"Authorization": f"Basic {login}", "Content-Type": "application/json"}
    asked = urllib.request.Request(url, json.dumps(body).encode(), headers, method=method)
    with urllib.request.urlopen(asked, timeout=10) as answer:
        text: str = answer.read().decode() or "done"
        return text


def rabbitmq(folder: Path) -> Recording:
    with rabbit_server(folder) as (api, metrics):
        queue = f"{api}/queues/%2F/orders"
        message = {"properties": {}, "routing_key": "orders", "payload": "x" * 100, "payload_encoding": "string"}
        wait_for(lambda: managed(queue, "PUT", {"durable": True}), "the management")

        def publish(count: int) -> None:
            for _ in range(count):
                managed(f"{api}/exchanges/%2F/amq.default/publish", "POST", message)

        publish(40)
        settle = wait_for(lambda: counted(metrics, "rabbitmq_queue_messages", 40), "the count of messages")
        publish(PUBLISHED)
        managed(f"{queue}/get", "POST", {"count": TAKEN, "ackmode": "ack_requeue_false", "encoding": "auto"})
        second = wait_for(lambda: counted(metrics, "rabbitmq_queue_messages", 40 + PUBLISHED - TAKEN), "the count")
    what = f"RabbitMQ 3.10.8, rabbitmq_prometheus; {PUBLISHED} messages published and {TAKEN} taken between"
    return Recording(what, settle, second, r"rabbitmq_(?:queues|channels|queue_messages_unacked)")


def counted(metrics: str, name: str, value: int) -> str:
    """The scrape, once a gauge has this value; its statistics are five seconds old."""
    text = fetched(metrics)
    return text if f"\n{name} {value}\n" in text else ""
