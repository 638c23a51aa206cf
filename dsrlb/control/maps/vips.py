# SPDX-License-Identifier: Apache-2.0
"""services[] and vips[]: the ways in to services, and the addresses of pools.

A VIP's entry comes behind what it leads to and goes before it. A pool's address leads nowhere: it
is there before a record names the pool, and goes when none does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from dsrlb.control.desired.contents import DesiredVip, PortKey
from dsrlb.dataplane.keys import IPAddress, address_bytes
from dsrlb.dataplane.maps import MapSet


def service_key(key: PortKey) -> bytes:
    """struct service_key."""
    head = address_bytes(key.vip) + key.port.to_bytes(2, "little")
    return head + bytes((key.protocol, key.block))


class VipTable:
    """Writes both maps. ``keys`` and ``vips``: what they hold, kept up to date here."""

    def __init__(
        self, maps: MapSet, keys: dict[PortKey, int], vips: dict[IPAddress, DesiredVip]
    ) -> None:
        self._maps = maps
        self._keys = keys
        self._vips = vips
        self._epoch = maps["service_epoch"].array
        if self._epoch[0] % 2:  # the daemon before was killed during a change
            self._epoch[0] += 1

    @contextmanager
    def _change(self) -> Iterator[None]:
        """Around each store into either map: what the fast path remembers of them ends with it."""
        if not self._epoch[0] % 2:
            self._epoch[0] += 1
        yield
        self._epoch[0] += 1

    def prepare(self, wanted: Mapping[IPAddress, DesiredVip]) -> None:
        """Before keys and records change: new addresses of pools; and at VIPs look for the block
        sizes of both states, on links of both only."""
        for address, vip in wanted.items():
            now = self._vips.get(address)
            if now is not None:
                links = now.links & vip.links
                if now.pooled and vip.pooled:  # replies come on either
                    links = now.links | vip.links
                blocks = (now.tcp_blocks | vip.tcp_blocks, now.udp_blocks | vip.udp_blocks)
                self._put(address, DesiredVip(links, *blocks))
            elif vip.pooled:
                self._put(address, vip)

    def put_keys(self, wanted: Mapping[PortKey, int]) -> None:
        """``wanted``: service ids. Small blocks first: a larger one must not catch the ports of one
        still to come."""
        changed = [key for key, number in wanted.items() if self._keys.get(key) != number]
        for key in sorted(changed, key=lambda key: key.block):
            with self._change():
                self._maps["services"].set(service_key(key), wanted[key])
            self._keys[key] = wanted[key]

    def remove(self, vips: Iterable[IPAddress], keys: Iterable[PortKey]) -> None:
        """All VIPs but these, then all keys but these; large blocks first, as they would catch the
        ports of smaller ones."""
        for address in self._vips.keys() - set(vips):
            if not self._vips[address].pooled:
                self._delete(address)
        gone = self._keys.keys() - set(keys)
        for key in sorted(gone, key=lambda key: -key.block):
            with self._change():
                self._maps["services"].delete(service_key(key))
            del self._keys[key]

    def put(self, wanted: Mapping[IPAddress, DesiredVip]) -> None:
        """As they are to stay."""
        for address, vip in wanted.items():
            self._put(address, vip)

    def remove_pools(self, vips: Iterable[IPAddress]) -> None:
        """Addresses of pools that no record names any more."""
        for address in self._vips.keys() - set(vips):
            self._delete(address)

    def _put(self, address: IPAddress, wanted: DesiredVip) -> None:
        if self._vips.get(address) != wanted:
            value = (wanted.links, wanted.tcp_blocks, wanted.udp_blocks)
            with self._change():
                self._maps["vips"].set(address_bytes(address), value)
            self._vips[address] = wanted

    def _delete(self, address: IPAddress) -> None:
        with self._change():
            self._maps["vips"].delete(address_bytes(address))
        del self._vips[address]
