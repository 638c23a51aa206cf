# SPDX-License-Identifier: Apache-2.0
"""What is told of where real servers are, as events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dsrlb.control.desired.contents import NextHop, Resolution
from dsrlb.control.macs.nexthops import Vias
from dsrlb.net.links import IPAddress
from dsrlb.observe.events import EventLog

_EACH = 8
"""So many reals are told of one by one when the same happens to them."""

News = tuple[str, str]
"""What is told (behind the real's address), and its level."""


def tell(events: EventLog, news: Mapping[News, Sequence[IPAddress]]) -> None:
    """The news of each real; once, where a router has many behind it."""
    for (text, level), addresses in news.items():
        if not text:
            continue
        if len(addresses) > _EACH:
            more = len(addresses) - 1
            events.add("mac", f"{addresses[0]} (and {more:,} more) {text}", level)
            continue
        for address in addresses:
            events.add("mac", f"{address} {text}", level)


def same(one: Resolution, other: Resolution) -> bool:
    """Would both be told in the same words?"""
    return _told(one) == _told(other)


def _told(found: Resolution) -> tuple[object, ...]:
    hops = tuple((hop.mac, hop.link.name, hop.vlan) for hop in found.hops)
    return found.mac, found.fresh, found.reason, found.via, found.vlan, hops


def news_of(last: Resolution | None, now: Resolution, vias: Vias) -> News:
    """What is told of a change; "" where it was told before."""
    waiting = not now.reason or "waiting for" in now.reason  # an answer may be on its way
    level = "info" if waiting else "warning"
    if not now.fresh:
        if last is not None and not last.fresh and last.reason == now.reason:
            return "", ""
        return f"is unresolved: {now.reason}", level
    if last is not None and last.mac not in (None, now.mac) and not last.hops + now.hops:
        router = f" (router {now.via})" if now.via else ""
        return f"moved from {last.mac} to {now.mac}{router}", "info"
    where = f"is at {_places(now, vias)}"
    return f"{where}; {now.reason}" if now.reason else where, level


def _places(where: Resolution, vias: Vias) -> str:
    """MAC address, interface and router of each next hop."""
    texts = []
    hops: Sequence[NextHop | Resolution] = where.hops or (where,)
    for hop, via in zip(hops, vias or (where.via,), strict=True):
        tag = f" VLAN {hop.vlan}" if hop.vlan else ""
        router = f" (router {via})" if via else ""
        texts.append(f"{hop.mac} on {hop.link.name if hop.link else '?'}{tag}{router}")
    return " and ".join(texts)
