"""CoreDNS under a few hundred questions: known names, unknown ones, and a zone whose own servers are not there."""

from __future__ import annotations

import socket
import struct
from pathlib import Path

from tests.real.exporters import Recording, running, scrape
from tests.real.prometheus import free_port, program

COREFILE = """\
.:{port} {{
    bind 127.0.0.1
    prometheus 127.0.0.1:{metrics}
    cache 30
    hosts {{
        10.0.0.1 shop.example
        10.0.0.2 api.shop.example
        fallthrough
    }}
    template ANY ANY nobody.example {{
        rcode NXDOMAIN
    }}
}}
gone.example:{port} {{
    bind 127.0.0.1
    prometheus 127.0.0.1:{metrics}
    forward . 127.0.0.1:{nowhere}
}}
"""
A, IN, RECURSE = 1, 1, 0x0100


def coredns(folder: Path) -> Recording:
    """The program is to be in the PATH."""
    port, metrics = free_port(), free_port()
    (folder / "Corefile").write_text(COREFILE.format(port=port, metrics=metrics, nowhere=free_port()))
    with running([program("coredns"), "-conf", str(folder / "Corefile")], folder):
        scrape(f"http://127.0.0.1:{metrics}/metrics")
        ask(port, "shop.example", 100)
        ask(port, "nobody.example", 1)
        ask(port, "gone.example", 1)
        first = scrape(f"http://127.0.0.1:{metrics}/metrics")
        ask(port, "shop.example", 150)
        ask(port, "api.shop.example", 80)
        ask(port, "nobody.example", 10)
        ask(port, "gone.example", 4)
        second = scrape(f"http://127.0.0.1:{metrics}/metrics")
    what = "CoreDNS 1.15.0; 230 answers, 10 NXDOMAIN, 4 SERVFAIL between"
    return Recording(what, first, second, r"coredns_(?:cache_entries|panics_total)", {f":{port}": ":53"})


def ask(port: int, name: str, times: int) -> None:
    """The same question over and over, each time until there is an answer."""
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.settimeout(10)
        for number in range(times):
            head = struct.pack("!HHHHHH", number, RECURSE, 1, 0, 0, 0)
            sender.sendto(head + labels + b"\0" + struct.pack("!HH", A, IN), ("127.0.0.1", port))
            sender.recv(4096)
