# SPDX-License-Identifier: Apache-2.0
"""What becomes of the flows that are there when a service changes, in words; "" where they go on.

The packet tests hold it against the program. A flow holds on to its real server, whatever its
service's protocol, ports, interfaces, lists, limits and timeouts are by now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from dsrlb.config import Config, Real, Service
from dsrlb.config.values import IPAddress
from dsrlb.control.desired.forms import form
from dsrlb.control.health.condition import State
from dsrlb.dataplane.methods import methods

END = "its flows end"
MOVED = "its flows go to other reals"
OPENED = "connections opened until now end"

Standing = Callable[[Service, IPAddress], State | None]
"""How a real server of a service is now; None: nobody knows."""


def unknown(service: Service, address: IPAddress) -> State | None:
    """Where there is nobody to ask."""
    return None


def fate(field: str, old: Service, new: Service, after: Config, reals: Callable[[], Reals]) -> str:
    """By another value of a key of a service. ``reals``: of both, with how they are now."""
    if field == "mode":
        was, now = (form(methods()[each.method]) for each in (old, new))
        return END if was != now else ""
    if field == "snat":
        # replies to an address that is no longer in a pool come no more
        pools = [{ip for family in (4, 6) for ip in each.pool_for(family)} for each in (old, new)]
        return "flows by the addresses that go end" if pools[0] - pools[1] else ""
    if field == "outbound":
        return OPENED if old.outbound else ""
    if field == "vip":
        gone = ", ".join(map(str, _unserved(old, new, after)))
        return f"flows to {gone} end" if gone else ""
    if field == "on_down" or (field == "all_down" and old.on_down == new.on_down):
        return _leaving(old, new, reals())
    return ""


def _unserved(old: Service, new: Service, after: Config) -> Iterator[IPAddress]:
    """VIPs to which nothing goes on: no service has them, or their real servers of that family have
    gone with the last one."""
    served = {vip for service in after.service for vip in service.vip}
    families = {vip.version for vip in new.vip}
    for vip in old.vip:
        if vip not in new.vip and (vip not in served or vip.version not in families):
            yield vip


def removed(service: Service, after: Config) -> str:
    """By a service's end, which is no end where others have its VIPs and ports."""
    takers = [each.name for each in after.service if _meet(service, each)]
    if not takers:
        return END
    return f"its flows go to real servers of {', '.join(takers)}, chosen anew"


def _meet(one: Service, other: Service) -> bool:
    """Is there a VIP and a port that both have?"""
    if one.protocol != other.protocol or not set(one.vip) & set(other.vip):
        return False
    return any(
        mine.first <= theirs.last and theirs.first <= mine.last
        for mine in one.port
        for theirs in other.port
    )


def forgotten(service: Service, gone: Iterable[IPAddress], standing: Standing) -> str:
    """What to add to the removal of real servers of which an operator said something."""
    states = [(address, standing(service, address)) for address in gone]
    said = [f"{one} is {_SAID[state]}" for one, state in states if state in _SAID]
    return f"; that {', '.join(said)} is forgotten, unless this is rolled back" if said else ""


_SAID = {"drain": "drained", "disabled": "disabled"}


def sorry_fates(was: object, now: object, service: Service) -> dict[str, str]:
    """By another sorry server: by key that is another, "" for all of it."""
    if not isinstance(was, Real):
        return {}
    gone = not isinstance(now, Real) or bool(set(was.address) - set(now.address))
    moved = f"flows of {', '.join(map(str, was.address))} go to other reals" if gone else ""
    return {"": moved, "address": moved, "port": END if service.replies and not gone else ""}


class Reals:
    """Real servers that a service keeps (``kept``), by how they are."""

    def __init__(self, service: Service, kept: Iterator[Real], standing: Standing) -> None:
        found = [(address, real.weight) for real in kept for address in real.address]
        states = {address: standing(service, address) for address, _ in found}
        self.unknown = None in states.values()
        self.nobody_up = not any(weight and states[one] == "up" for one, weight in found)
        self.down = [one for one, state in states.items() if state == "down"]
        self.disabled = [one for one, state in states.items() if state == "disabled"]


def _leaving(old: Service, new: Service, found: Reals) -> str:
    """By on_down and all_down: those of real servers that are out."""
    left = [*found.disabled] if _policy(old) != _policy(new) else []
    if _policy(new, found) not in ("keep", _policy(old, found)):
        left += found.down
    policy = _policy(new)
    if policy == "keep" or not (left or (found.unknown and _policy(old) != policy)):
        return ""
    whose = ", ".join(map(str, left)) if left else "real servers that are down or disabled"
    return f"flows of {whose} " + ("are reset" if policy == "reset" else "go to other reals")


def _policy(service: Service, down: Reals | None = None) -> str:
    """What becomes of the flows of who is out; ``down``: of who is down, which is nothing where
    such a real server counts as up."""
    if down is not None and down.nobody_up and service.all_down == "all-up":
        return "keep"
    return service.on_down
