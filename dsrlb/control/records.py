# SPDX-License-Identifier: Apache-2.0
"""struct service_record, field by field."""

from __future__ import annotations

from dsrlb.control.desired import DesiredService


def service_record(
    wanted: DesiredService, first: int, revision: int, sources: int, group: int, pool: int
) -> tuple[int, ...]:
    """The record of a service: places of schedule and pool, numbers of list and persistence group
    (0: none)."""
    return (
        first,
        len(wanted.schedule),
        revision,
        wanted.algorithm,
        wanted.method,
        wanted.links,
        wanted.on_unknown,
        wanted.flags,
        sources,
        group,
        wanted.persistence_ticks,
        pool,
        len(wanted.pool),
        wanted.mss_clamp,
        0,
        wanted.service_rate.interval,
        wanted.service_rate.burst,
        wanted.source_rate.interval,
        wanted.source_rate.burst,
    )
