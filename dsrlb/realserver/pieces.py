# SPDX-License-Identifier: Apache-2.0
"""What makes a host an l2dsr real server, piece by piece, and what each piece lacks.

The real server accepts packets to the VIP, which the balancer sends to its MAC address, and never
says on the wire that it has the VIP, or the segment would send it the clients' packets directly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address

from dsrlb.realserver.steps import (
    Assigned,
    Command,
    Host,
    IPAddress,
    Step,
    Sysctl,
    read_sysctl,
)

# Kernel: Documentation/networking/ip-sysctl.rst. Of "all" and the interface's own value the larger
# one counts (arp_*, rp_filter), or either (ndisc_notify).
# arp_ignore 1: answer for addresses of the interface that was asked only; the VIP is on lo. Larger
# defined values are stricter. 4 to 7 are undefined and answer everything.
_ARP: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("arp_ignore", ("1", "2", "3", "8"), "1"),
    # 2: never the VIP as the sender of an ARP request, as a reply to a client would cause.
    ("arp_announce", ("2",), "2"),
    # 1: say so when the MAC address changes or the link returns; the balancer's MAC table hears it.
    ("arp_notify", ("1",), "1"),
)


@dataclass(frozen=True, slots=True)
class Piece:
    """One thing that must be so: is it, what is there, and what makes it so.

    A piece that is not ok and has no steps cannot be put right here; ``advice`` says what to do.
    ``wanted``: what should be there.
    """

    name: str
    ok: bool
    value: str
    steps: tuple[Step, ...] = ()
    advice: str = ""
    wanted: str = ""

    @property
    def remedy(self) -> str:
        """What to do about it, as a command where there is one."""
        return self.advice or "; ".join(step.shell() for step in self.steps)


def add_vip(vip: IPAddress) -> Command:
    """Put a VIP on the loopback so that the host's own connections never leave from it.

    IPv4: scope host is out of the question as a source towards other hosts. IPv6 has no such
    choice; an address that is deprecated from the start is the last one chosen (RFC 6724, rule 3).
    Nobody else may notice a duplicate: each real and the balancer have the VIP, hence no DAD.
    """
    if isinstance(vip, IPv4Address):
        return Command(("ip", "address", "add", f"{vip}/32", "dev", "lo", "scope", "host"))
    extra = ("nodad", "preferred_lft", "0")
    return Command(("ip", "-6", "address", "add", f"{vip}/128", "dev", "lo", *extra))


def remove_vip(vip: IPAddress) -> Command:
    """Take a VIP off the loopback."""
    family = ("-6",) if vip.version == 6 else ()
    return Command(("ip", *family, "address", "del", f"{vip}/{vip.max_prefixlen}", "dev", "lo"))


LO_UP = Command(("ip", "link", "set", "lo", "up"))
LO_DOWN = Command(("ip", "link", "set", "lo", "down"))


def _setting(key: str, accepted: tuple[str, ...], write: str) -> Piece:
    value = read_sysctl(key)
    name = key.removeprefix("net/")
    wanted = " or ".join(accepted)
    if value is None:
        advice = f"this kernel has no /proc/sys/{key}"
        return Piece(name, False, "missing", advice=advice, wanted=wanted)
    return Piece(name, value in accepted, value, (Sysctl(key, write),), wanted=wanted)


def _loopback(vip: IPAddress, host: Host) -> Piece:
    name = f"{vip} on lo"
    wanted = f"{vip}/{vip.max_prefixlen}, there alone"
    places = host.addresses.get(vip, ())
    wrong = [p for p in places if p.interface != "lo" or p.prefix != vip.max_prefixlen]
    if wrong:
        value = f"{vip}/{wrong[0].prefix} on {wrong[0].interface}"
        return Piece(name, False, value, (), _misplaced(vip, wrong[0], host), wanted)
    if places:
        return Piece(name, True, f"{vip}/{vip.max_prefixlen}")
    if vip.version == 6 and read_sysctl("net/ipv6/conf/lo/disable_ipv6") != "0":
        advice = "IPv6 is off on lo: sysctl -w net.ipv6.conf.lo.disable_ipv6=0"
        return Piece(name, False, "missing", (), advice, wanted)
    return Piece(name, False, "missing", (add_vip(vip),), wanted=wanted)


def _misplaced(vip: IPAddress, place: Assigned, host: Host) -> str:
    """What to do about a VIP in the wrong place. The address that a host is reached by is not to be
    taken from it: then it is the wrong VIP."""
    if place.interface == "lo":
        why = f"all of {vip}/{place.prefix} counts as local"
    elif not _has_another(vip, place.interface, host):
        return (
            f"it is the only IPv{vip.version} address of {place.interface}, so the host's own: "
            "a VIP is an address that no host has"
        )
    else:
        why = "it is answered for there"
    return f"{why}: ip address del {vip}/{place.prefix} dev {place.interface}"


def _has_another(vip: IPAddress, interface: str, host: Host) -> bool:
    return any(
        address != vip and address.version == vip.version and place.lasting
        for address, places in host.addresses.items()
        for place in places
        if place.interface == interface
    )


def elsewhere(vip: IPAddress, host: Host) -> Piece:
    """In modes that translate, packets come to the host's own address. It need not have the VIP,
    and must not answer for it; on lo another mode may want it."""
    name = f"{vip} on no interface"
    places = host.addresses.get(vip, ())
    wrong = [place for place in places if place.interface != "lo"]
    if wrong:
        value = f"{vip}/{wrong[0].prefix} on {wrong[0].interface}"
        return Piece(name, False, value, (), _misplaced(vip, wrong[0], host), "not there")
    return Piece(name, True, "on lo" if places else "not there")


def _loose_source_check(host: Host, interface: str | None) -> Iterator[Piece]:
    """Strict rp_filter drops clients whose way back leads through another interface."""
    everywhere = read_sysctl("net/ipv4/conf/all/rp_filter") or "0"
    for name in [interface] if interface else host.interfaces:
        key = f"net/ipv4/conf/{name}/rp_filter"
        own = read_sysctl(key)
        if own is not None:
            effective = max(int(own), int(everywhere))
            steps = (Sysctl(key, "2"),)
            named = f"ipv4/conf/{name}/rp_filter"
            yield Piece(named, effective != 1, str(effective), steps, wanted="0 or 2")


def l2dsr(vips: Iterable[IPAddress], interface: str | None, host: Host) -> list[Piece]:
    """All pieces, silence before addresses; ``interface`` is named beside "all" where given."""
    vips = tuple(vips)
    families = {vip.version for vip in vips}
    scopes = ["all", *([interface] if interface else [])]
    pieces: list[Piece] = []
    if 4 in families:
        for setting, accepted, wanted in _ARP:
            for scope in scopes:
                key = f"net/ipv4/conf/{scope}/{setting}"
                pieces.append(_setting(key, accepted, wanted))
        pieces += _loose_source_check(host, interface)
    if 6 in families:
        # ND needs no silence: the kernel answers for addresses of the asked interface only.
        pieces.append(_setting("net/ipv6/conf/all/ndisc_notify", ("1",), "1"))
    up = host.up.get("lo", False)
    pieces.append(Piece("lo is up", up, "up" if up else "down", (LO_UP,), wanted="up"))
    return pieces + [_loopback(vip, host) for vip in vips]
