# SPDX-License-Identifier: Apache-2.0
"""What a service's record should hold, and what stands beside it. Pure, as compute.py."""

from __future__ import annotations

from collections.abc import Mapping

from dsrlb.config import Service
from dsrlb.control.algorithms.tables import RULE
from dsrlb.control.desired.contents import (
    ALLOW_ONLY,
    HASH_SOURCE,
    ONE_PACKET,
    PASS_EMPTY,
    TOA,
    DesiredService,
    Rate,
    RealId,
    Sources,
)
from dsrlb.control.desired.real import ticks
from dsrlb.dataplane.algorithms import algorithms
from dsrlb.dataplane.methods import methods

PROTOCOLS = {"tcp": 6, "udp": 17}

UNKNOWN = {"drop": 0, "schedule": 1, "reset": 2}
"""service_record.on_unknown in abi.h."""


def rate(flows: int, burst: int) -> Rate:
    """Of so many flows per second (0: no limit) and so many at once (0: a tenth of a second's).

    The first of a burst is on time; ``burst`` lets the others come ahead of theirs.
    """
    if not flows:
        return Rate()
    interval = round(1_000_000_000 / flows)
    return Rate(interval, ((burst or max(flows // 10, 1)) - 1) * interval)


def sources_of(service: Service, family: int) -> Sources:
    """Its allow and deny lists of a family."""
    lists = ((service.allow, True), (service.deny, False))
    return frozenset(
        (prefix, allowed)
        for prefixes, allowed in lists
        for prefix in prefixes
        if prefix.version == family
    )


def _flags(service: Service) -> int:
    toa = service.snat is not None and service.snat.toa
    flags = ONE_PACKET * service.one_packet | ALLOW_ONLY * bool(service.allow) | TOA * toa
    flags |= PASS_EMPTY * (service.all_down == "pass")
    return flags | HASH_SOURCE * service.by_source


def service_of(
    service: Service, family: int, links: int, usable: Mapping[RealId, int], entries: int, by: str
) -> DesiredService:
    """``usable``: who may have new flows, by weight; ``entries``: of their table; ``by``: which
    algorithm."""
    return DesiredService(
        algorithm=algorithms()[by].number,
        method=methods()[service.method].number,
        links=links,
        on_unknown=UNKNOWN[service.on_unknown],
        schedule=tuple(usable),
        flags=_flags(service),
        sources=sources_of(service, family),
        persistence_ticks=ticks(service.persistence),
        service_rate=rate(service.new_flow_rate, service.new_flow_burst),
        source_rate=rate(service.source_flow_rate, service.source_flow_burst),
        pool=service.pool_for(family),
        mss_clamp=service.mss_clamp,
        weights=tuple(usable.values()),
        table_size=entries if usable else 0,
        table_rule=RULE,
    )
