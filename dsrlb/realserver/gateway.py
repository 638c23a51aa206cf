# SPDX-License-Identifier: Apache-2.0
"""The default route of a real server in modes router and nat: replies go to the balancer.

setup puts a route of its own before those that are there, by its metric: 0 for IPv4, 1 for IPv6,
where 0 means 1024. Only a route that has that metric itself is replaced; it is noted as `ip` shows
it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from dsrlb.errors import NetError
from dsrlb.realserver.pieces import Piece, elsewhere
from dsrlb.realserver.request import ROUTED, Request
from dsrlb.realserver.steps import Command, Host, IPAddress, Step, output

_METRICS = {4: 0, 6: 1}
# What `ip route show` tells of a route and `ip route add` does not take.
_STATES = frozenset({"dead", "linkdown", "offload", "offload_failed", "trap", "rt_offload"})
_STATES_WITH_VALUE = frozenset({"expires", "error"})


@dataclass(frozen=True, slots=True)
class Default:
    """A default route; ``words``: as `ip route` shows and takes it."""

    words: tuple[str, ...]

    @classmethod
    def read(cls, line: str) -> Default:
        """From one line of `ip -oneline route show`."""
        words = iter(line.replace("\\", " ").split())
        kept = []
        for word in words:
            if word in _STATES_WITH_VALUE:
                next(words, None)
            elif word not in _STATES:
                kept.append(word)
        return cls(tuple(kept))

    @property
    def text(self) -> str:
        """One line."""
        return " ".join(self.words)

    def _after(self, key: str) -> list[str]:
        pairs = zip(self.words, self.words[1:], strict=False)
        return [value for word, value in pairs if word == key]

    @property
    def metric(self) -> int:
        """The smallest one of a host counts."""
        return int((self._after("metric") or ["0"])[0])

    @property
    def gateways(self) -> list[str]:
        """Next hops: one, or several that share."""
        return self._after("via")

    @property
    def devices(self) -> list[str]:
        """Interfaces."""
        return self._after("dev")

    @property
    def usable(self) -> bool:
        """Does it lead anywhere? (`unreachable default` does not)"""
        return self.words[:1] == ("default",)

    @property
    def by_nexthop_object(self) -> bool:
        """`ip` shows more of such a route than it takes."""
        return "nhid" in self.words

    def is_as(self, written: Default) -> bool:
        """Is this what the kernel has made of ``written``?"""
        same = (self.gateways, self.metric) == (written.gateways, written.metric)
        return same and self.usable and written.devices in ([], self.devices)


def read(family: int) -> list[Default]:
    """The default routes of the main table, in the kernel's order. Raises NetError."""
    shown = output(["ip", f"-{family}", "-oneline", "route", "show", "default"])
    return [Default.read(line) for line in shown.splitlines()]


def _first(routes: Iterable[Default]) -> Default | None:
    """The one that counts."""
    return min(routes, key=lambda route: route.metric, default=None)


def _at_our_metric(family: int) -> Default | None:
    return next((route for route in read(family) if route.metric == _METRICS[family]), None)


@dataclass(frozen=True, slots=True)
class Replace:
    """Write a default route; ``before``: what it takes the place of, "" is nothing."""

    family: int
    route: Default
    before: str = ""

    def _command(self) -> Command:
        return Command(("ip", f"-{self.family}", "route", "replace", *self.route.words))

    def shell(self) -> str:
        """The command that does the same."""
        return self._command().shell()

    def run(self) -> None:
        """Do it. Raises NetError."""
        self._command().run()


def pieces(request: Request, host: Host) -> list[Piece]:
    """What modes bridge, router, one-arm and nat need of a real server."""
    found = [elsewhere(vip, host) for vip in request.vips]
    if request.method not in ROUTED:
        return [*found, Piece(f"mode {request.method}", True, "needs nothing else here")]
    gateways = {gateway.version: gateway for gateway in request.gateways}
    for family in request.families:
        there = _first(read(family))
        if family in gateways:
            found.append(_towards(gateways[family], request.interface, there, host))
        else:
            found.append(_any(family, there))
    return found


def _name(family: int) -> str:
    return f"IPv{family} default route"


def _any(family: int, there: Default | None) -> Piece:
    """Without the balancer's address there is nothing to hold it against."""
    if there is None or not there.usable:
        value = "none" if there is None else there.text
        advice = "name the balancer's address by --gateway"
        return Piece(_name(family), False, value, (), advice, "via the balancer")
    return Piece(_name(family), True, f"{there.text} (whose that is only --gateway can tell)")


def _towards(gateway: IPAddress, interface: str | None, there: Default | None, host: Host) -> Piece:
    family = gateway.version
    device = ("dev", interface) if interface else ()
    metric = ("metric", str(_METRICS[family])) if _METRICS[family] else ()
    route = Default(("default", "via", str(gateway), *device, *metric))
    value = there.text if there else "none"
    wanted = f"via {gateway}{f' dev {interface}' if interface else ''}"
    right = there and there.usable and there.gateways == [str(gateway)]
    if there and right and interface in (None, *there.devices):
        return Piece(_name(family), True, value)
    obstacle = _obstacle(gateway, interface, host)
    if obstacle:
        return Piece(_name(family), False, value, (), f"{gateway} {obstacle}", wanted)
    before = _at_our_metric(family)
    if before and before.by_nexthop_object:
        advice = f"setup cannot put that one back: ip -{family} route replace {route.text}"
        return Piece(_name(family), False, value, (), advice, wanted)
    step = Replace(family, route, before.text if before else "")
    return Piece(_name(family), False, value, (step,), wanted=wanted)


def _obstacle(gateway: IPAddress, interface: str | None, host: Host) -> str:
    """Why this cannot be a gateway, or ""."""
    if gateway in host.addresses:
        return "is this host's own address"
    way = ("oif", interface) if interface else ()
    try:
        (found,) = json.loads(output(["ip", "-json", "route", "get", str(gateway), *way]))
    except NetError as error:
        return f"cannot be reached: {error.message.rpartition(': ')[2]}"
    if "gateway" in found:
        return f"is on no segment of this host (it is behind {found['gateway']})"
    return ""


def note(step: Replace, routes: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """What the state has to tell of a family: what was there before setup, then all that setup has
    written. ``routes``: what it tells now, by family."""
    earlier = routes.get(str(step.family), ())
    ours = step.before and _is_ours(Default.read(step.before), earlier[1:])
    before = earlier[0] if ours else step.before
    return before, *(earlier[1:] if ours else ()), step.route.text


def _is_ours(route: Default, written: Iterable[str]) -> bool:
    return any(route.is_as(Default.read(text)) for text in written)


def undoing(
    routes: Mapping[str, tuple[str, ...]], families: Iterable[int], host: Host
) -> Iterator[Step | str]:
    """Steps that put back what was there before setup; or words on what is left."""
    for family in families:
        if str(family) not in routes:
            continue
        before, *written = routes[str(family)]
        now = _at_our_metric(family)
        if now and _is_ours(now, written):
            yield from _back(family, before, now, host)
        elif (now.text if now else "") != before:
            is_now = now.text if now else "not there any more"
            yield f"{_name(family)}: {is_now}, setup had written {written[-1]}: left"


def _back(family: int, before: str, now: Default, host: Host) -> Iterator[Step | str]:
    route = Default.read(before)
    gone = [device for device in route.devices if device not in host.up]
    if before and not gone:
        yield Replace(family, route)
        return
    yield Command(("ip", f"-{family}", "route", "del", *now.words))
    if gone:
        yield f"{_name(family)}: it was {before}, and {gone[0]} is gone"
