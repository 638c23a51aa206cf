# SPDX-License-Identifier: Apache-2.0
"""What is asked for: which VIPs by which method; which addresses and interfaces that concerns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dsrlb.errors import DsrlbError, NetError
from dsrlb.realserver.steps import Host, IPAddress

L3DSR = ("dscp", "ipip", "gue")
DSR = ("l2dsr", *L3DSR)
ROUTED = ("router", "nat")
TRANSLATED = ("bridge", *ROUTED, "one-arm")
METHODS = (*DSR, *TRANSLATED)
"""What an entry of the state is by: the methods of l3dsr, else the mode itself."""
TUNNELLED = ("ipip", "gue")
GUE_PORT = 6080
_IPV4, _IPV6, _UDP = 20, 40, 8


@dataclass(frozen=True, slots=True)
class Request:
    """One setup, or one check. Raises DsrlbError for what does not fit together.

    ``dscp``: 1 to 63, of the method dscp; ``gue_port``: of gue, 0 means the usual one;
    ``addresses``: the host's own, to which the balancer sends, () means all; ``mss``: 0 means the
    default; ``interface``: where the packets come in, None means all that have such an address;
    ``gateways``: of router and nat, the balancer's addresses, one of a family at most.
    """

    method: str
    vips: tuple[IPAddress, ...]
    dscp: int = 0
    gue_port: int = 0
    addresses: tuple[IPAddress, ...] = ()
    mss: int = 0
    interface: str | None = None
    gateways: tuple[IPAddress, ...] = ()

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise DsrlbError(f"method {self.method}: unknown", hint=f"known: {', '.join(METHODS)}")
        if (self.method == "dscp") != bool(self.dscp):
            what = "needs a code" if self.method == "dscp" else "has no code"
            raise DsrlbError(f"method {self.method} {what} (--dscp, 1 to 63)")
        if self.gue_port and self.method != "gue":
            raise DsrlbError(f"method {self.method} has no port (--gue-port)")
        if self.addresses and self.method == "l2dsr":
            raise DsrlbError("l2dsr goes by MAC addresses (--address is of l3dsr)")
        both = sorted(set(self.vips) & {*self.addresses, *self.gateways}, key=str)
        if both:
            whose = "the host's own" if both[0] in self.addresses else "the balancer's"
            raise DsrlbError(f"{both[0]} cannot be a VIP and {whose} address at once")
        if self.method in TRANSLATED:
            self._check_translated()
        self._check_gateways()
        object.__setattr__(self, "vips", tuple(dict.fromkeys(self.vips)))
        if self.method == "gue" and not self.gue_port:
            object.__setattr__(self, "gue_port", GUE_PORT)

    def _check_translated(self) -> None:
        if self.addresses:
            raise DsrlbError(
                f"mode {self.method}: the host's addresses are as they are (--address)"
            )
        if self.mss:
            hint = "mss_clamp in the balancer's configuration"
            raise DsrlbError(f"mode {self.method}: the balancer limits segments (--mss); {hint}")
        if self.interface is not None and not self.gateways:
            raise DsrlbError(f"mode {self.method}: --interface is the way to a --gateway")

    def _check_gateways(self) -> None:
        if self.gateways and self.method not in ROUTED:
            raise DsrlbError("--gateway is of the modes router and nat")
        families = [gateway.version for gateway in self.gateways]
        for gateway in self.gateways:
            if families.count(gateway.version) > 1:
                raise DsrlbError(f"more than one IPv{gateway.version} --gateway")
            if gateway.version not in self.families:
                raise DsrlbError(f"--gateway {gateway}: no VIP is IPv{gateway.version}")
            if gateway.is_link_local and self.interface is None:
                raise DsrlbError(f"--gateway {gateway} is link-local: it needs --interface")

    @property
    def families(self) -> list[int]:
        """4, 6 or both: those of the VIPs."""
        return sorted({vip.version for vip in self.vips})

    @property
    def idle(self) -> bool:
        """Is there nothing to do on a real server?"""
        return self.method in TRANSLATED and not self.gateways

    def check_interface(self, host: Host) -> None:
        """Raises NetError when the interface is not there."""
        if self.interface is not None and self.interface not in host.interfaces:
            there = ", ".join(host.interfaces) or "none"
            text = f"interface {self.interface}: not here, or the loopback"
            raise NetError(text, hint=f"there: {there}")


def own_addresses(request: Request, host: Host) -> tuple[IPAddress, ...]:
    """Where the balancer sends to. Raises NetError when there is no such address."""
    for address in request.addresses:
        if address not in host.addresses:
            raise NetError(f"{address} is no address of this host", hint="ip address show")
    found = request.addresses or tuple(_all_own(request, host))
    if not found:
        where = request.interface or "any interface but lo"
        raise NetError(f"no global address on {where}", hint="name the host's own by --address")
    return found


def _all_own(request: Request, host: Host) -> Iterator[IPAddress]:
    for address, places in host.addresses.items():
        if address in request.vips:
            continue
        for place in places:
            wanted = request.interface in (None, place.interface)
            if place.interface != "lo" and wanted and place.lasting:
                yield address
                break


def interfaces_of(request: Request, own: tuple[IPAddress, ...], host: Host) -> tuple[str, ...]:
    """Where packets to ``own`` come in. Raises NetError when that cannot be told."""
    if request.interface:
        return (request.interface,)
    places = (place.interface for address in own for place in host.addresses.get(address, ()))
    found = tuple(dict.fromkeys(name for name in places if name != "lo"))
    if not found:
        raise NetError(f"{own[0]} is on lo only", hint="name where packets come in by --interface")
    return found


def outer_family(vip: IPAddress, own: tuple[IPAddress, ...]) -> int:
    """The family of the outer header: the VIP's where the host has an address of it, as on the
    balancer."""
    families = {address.version for address in own}
    return vip.version if vip.version in families else 10 - vip.version


def default_mss(request: Request, vip: IPAddress, own: tuple[IPAddress, ...], host: Host) -> int:
    """The largest segment that fits with its envelope into the interface's MTU; 0: no need."""
    if request.method not in TUNNELLED:
        return 0
    outer = outer_family(vip, own)
    through = interfaces_of(request, tuple(a for a in own if a.version == outer), host)
    mtu = min(host.mtu[name] for name in through)
    envelope = (_IPV4 if outer == 4 else _IPV6) + (_UDP if request.method == "gue" else 0)
    headers = (_IPV4 if vip.version == 4 else _IPV6) + 20
    return mtu - envelope - headers
