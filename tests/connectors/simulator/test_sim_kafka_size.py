"""A large estate on the wire: 200 groups of 50 partitions each, beside the model's own."""

from __future__ import annotations

import asyncio

from kafka import KafkaAdminClient
from kafka.admin import OffsetSpec

from connectors.simulator.kafka.options import KafkaOptions
from connectors.simulator.tick import Group, Partition
from tests.connectors.simulator.sim_kafka import estate

GROUPS, PARTITIONS, LAG = 200, 50, 7


def standing(number: int) -> Group:
    parts = (Partition(f"topic-{number}", index, 0, 1000 + index, 1000 + index - LAG) for index in range(PARTITIONS))
    return Group(f"group-{number}", "Stable", 3, tuple(parts))


async def test_the_lag_of_all_groups_is_read_in_a_few_requests() -> None:
    options = KafkaOptions(groups=tuple(standing(number) for number in range(GROUPS)))
    async with estate(options) as at:
        at.run(3)  # they stand still while the model's own go on

        def run() -> tuple[int, set[int]]:
            with KafkaAdminClient(bootstrap_servers=at.bootstrap.split(",")) as admin:
                names = [group["group_id"] for group in admin.list_groups()]
                committed = admin.list_group_offsets([name for name in names if name.startswith("group-")])
                parts = [part for offsets in committed.values() for part in offsets]
                ends = admin.list_partition_offsets(dict.fromkeys(parts, OffsetSpec.LATEST))
                lags = {ends[part].offset - at.offset for offsets in committed.values() for part, at in offsets.items()}
                return len(parts), lags

        assert await asyncio.to_thread(run) == (GROUPS * PARTITIONS, {LAG})
