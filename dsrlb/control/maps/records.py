# SPDX-License-Identifier: Apache-2.0
"""struct service_record, field by field."""

from __future__ import annotations

from dsrlb.control.maps.installed import InstalledService


def service_record(service: InstalledService) -> tuple[int, ...]:
    """The record of a service."""
    wanted = service.content
    return (
        service.first,
        service.count,
        service.revision,
        wanted.algorithm,
        wanted.method,
        wanted.links,
        wanted.on_unknown,
        wanted.flags,
        service.source_list,
        service.persistence_group,
        wanted.persistence_ticks,
        service.pool,
        len(wanted.pool),
        wanted.mss_clamp,
        service.table,
        service.entries,
        wanted.table_rule,
        wanted.service_rate.interval,
        wanted.service_rate.burst,
        wanted.source_rate.interval,
        wanted.source_rate.burst,
    )
