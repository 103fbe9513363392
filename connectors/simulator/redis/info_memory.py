"""INFO's memory section: the model says how much is used, the rest follows from it as on a quiet real server."""

from __future__ import annotations

from connectors.simulator.redis.memory import STARTUP, limit_of, policy_of
from connectors.simulator.redis.replication import BACKLOG
from connectors.simulator.redis.server import Server
from connectors.simulator.tick import Cache

Lines = dict[str, object]
KEY_OVERHEAD = 88  # bytes of a key's entry in the dictionaries of keys and of deadlines
RESIDENT = 1.1  # of what is used: pages that the allocator holds
MACHINE = 16 * 2**30
SCRIPT_ENGINE = 32768


def memory_lines(server: Server, cache: Cache) -> Lines:
    """The section's lines in the real server's order."""
    used, rss = cache.memory, int(cache.memory * RESIDENT)
    limit = limit_of(server)
    overhead = min(used, STARTUP + cache.keys * KEY_OVERHEAD)
    peak = max(used, server.statistics.peak_memory)
    dataset = used - overhead
    return {
        "used_memory": used,
        "used_memory_human": human(used),
        "used_memory_rss": rss,
        "used_memory_rss_human": human(rss),
        "used_memory_peak": peak,
        "used_memory_peak_human": human(peak),
        "used_memory_peak_perc": f"{_percent(used, peak)}%",
        "used_memory_overhead": overhead,
        "used_memory_startup": STARTUP,
        "used_memory_dataset": dataset,
        "used_memory_dataset_perc": f"{_percent(dataset, used - STARTUP)}%",
        "allocator_allocated": used,
        "allocator_active": int(used * 1.02),
        "allocator_resident": int(used * 1.06),
        "total_system_memory": MACHINE,
        "total_system_memory_human": human(MACHINE),
        **_scripts(server),
        "maxmemory": limit,
        "maxmemory_human": human(limit),
        "maxmemory_policy": policy_of(server),
        "allocator_frag_ratio": "1.02",
        "allocator_frag_bytes": int(used * 0.02),
        "allocator_rss_ratio": "1.04",
        "allocator_rss_bytes": int(used * 0.04),
        "rss_overhead_ratio": "1.04",
        "rss_overhead_bytes": int(used * 0.04),
        "mem_fragmentation_ratio": f"{RESIDENT:.2f}",
        "mem_fragmentation_bytes": rss - used,
        "mem_not_counted_for_evict": 0,
        "mem_replication_backlog": BACKLOG if server.replication.streaming else 0,
        "mem_total_replication_buffers": BACKLOG if server.replication.streaming else 0,
        "mem_clients_slaves": 0,
        "mem_clients_normal": 1800 * (cache.clients + len(server.clients)),
        "mem_cluster_links": 0,
        "mem_aof_buffer": 0,
        "mem_allocator": "jemalloc-5.3.0",
        "active_defrag_running": 0,
        "lazyfree_pending_objects": 0,
        "lazyfreed_objects": 0,
    }


def _scripts(server: Server) -> Lines:
    size = sum(len(body) for body in server.scripts.values())
    return {
        "used_memory_lua": SCRIPT_ENGINE,
        "used_memory_vm_eval": SCRIPT_ENGINE,
        "used_memory_lua_human": human(SCRIPT_ENGINE),
        "used_memory_scripts_eval": size,
        "number_of_cached_scripts": len(server.scripts),
        "number_of_functions": 0,
        "number_of_libraries": 0,
        "used_memory_vm_functions": SCRIPT_ENGINE,
        "used_memory_vm_total": 2 * SCRIPT_ENGINE,
        "used_memory_vm_total_human": human(2 * SCRIPT_ENGINE),
        "used_memory_functions": 200,
        "used_memory_scripts": size + 200,
        "used_memory_scripts_human": human(size + 200),
    }


def human(size: int) -> str:
    """As the real server shortens it: one of B, K, M, G with two decimals."""
    amount, unit = float(size), "B"
    for unit in "BKMG":
        if amount < 1024 or unit == "G":
            break
        amount /= 1024
    return f"{size}B" if unit == "B" else f"{amount:.2f}{unit}"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2f}" if whole > 0 else "0.00"
