# SPDX-License-Identifier: Apache-2.0
"""paths[]: the ways to addresses that the balancer routes to, and path_ends, which finds them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from dsrlb.control.desired.contents import DesiredHop, DesiredPath
from dsrlb.control.maps.arena import Arena
from dsrlb.dataplane.keys import IPAddress, address_bytes, address_from_bytes
from dsrlb.dataplane.maps import MapSet

_WORDS = 32  # of 8 bytes, in a struct path
_BITS, _LOWERED, _HOPS, _HOP_WORDS = 2, 3, 4, 3  # places in it


def _hop_words(hop: DesiredHop) -> tuple[int, int, int]:
    to = int.from_bytes(hop.mac + hop.link.to_bytes(2, "little"), "little")
    sender = int.from_bytes(hop.source_mac + hop.mtu.to_bytes(2, "little"), "little")
    return to, sender, hop.vlan


def _read_hop(words: list[int]) -> DesiredHop:
    to, sender = (word.to_bytes(8, "little") for word in words[:2])
    return DesiredHop(
        to[:6], int.from_bytes(to[6:], "little"), sender[:6], int.from_bytes(sender[6:], "little"),
        words[2] & 0xFFFF,
    )  # fmt: skip


class PathTable:
    """The paths in the maps, by address. Every word is written by one aligned store."""

    def __init__(self, maps: MapSet) -> None:
        """Read back what the maps hold."""
        self._maps = maps
        self._memory = maps["paths"].array.view("<u8").reshape(-1, _WORDS)
        self._places: dict[IPAddress, int] = {}
        for key in maps["path_ends"].hash_keys():
            place = maps["path_ends"].get(key.tobytes())
            if place is not None:
                self._places[address_from_bytes(key.tobytes())] = int(place)
        self._content = {address: self._read(place) for address, place in self._places.items()}
        self._arena = Arena("paths", maps["paths"].max_entries)
        self._arena.reserve((place, 1) for place in self._places.values())

    def _read(self, place: int) -> DesiredPath:
        words = self._memory[place].tolist()
        source = b"".join(word.to_bytes(8, "little") for word in words[:_BITS])
        hops = words[_HOPS:]
        return DesiredPath(
            source,
            words[_BITS] & 0xFFFFFFFF,
            tuple(
                _read_hop(hops[at * _HOP_WORDS :][:_HOP_WORDS])
                for at in range((_WORDS - _HOPS) // _HOP_WORDS - 1)
            ),
        )

    @property
    def content(self) -> Mapping[IPAddress, DesiredPath]:
        """What the maps hold."""
        return self._content

    def place(self, address: IPAddress) -> int:
        """The index of the address's path; 0 when it has none."""
        return self._places.get(address, 0)

    def lowered(self, address: IPAddress, now: int) -> int | None:
        """The MTU that a router on the way told, if that is still believed at tick ``now``."""
        until, mtu = divmod(int(self._memory[self.place(address), _LOWERED]), 1 << 32)
        return mtu if mtu and until > now else None

    def prepare(self, wanted: Mapping[IPAddress, DesiredPath]) -> None:
        """As put(), while reals still go by what there was: a source stays until none needs it."""
        for address, path in wanted.items():
            known = self._content.get(address)
            if known is not None and not any(path.source) and any(known.source):
                path = replace(path, source=known.source, source_bits=known.source_bits)
            self._put(address, path)

    def put(self, wanted: Mapping[IPAddress, DesiredPath]) -> None:
        """Write what is new or changed. Raises StateError when there is no room."""
        for address, path in wanted.items():
            self._put(address, path)

    def _put(self, address: IPAddress, path: DesiredPath) -> None:
        if self._content.get(address) == path:
            return
        place = self._places.get(address)
        if place is None:
            place = self._arena.allocate()
            self._memory[place, _LOWERED] = 0
        self._write(place, path)
        if address not in self._places:
            self._maps["path_ends"].set(address_bytes(address), place)
            self._places[address] = place
        self._content[address] = path

    def _write(self, place: int, path: DesiredPath) -> None:
        row = self._memory[place]
        row[0] = int.from_bytes(path.source[:8], "little")
        row[1] = int.from_bytes(path.source[8:], "little")
        row[_BITS] = path.source_bits
        for at, hop in enumerate(path.hops):
            for word, value in enumerate(_hop_words(hop)):
                row[_HOPS + at * _HOP_WORDS + word] = value

    def remove_others(self, wanted: Iterable[IPAddress]) -> None:
        """Forget the paths that no real names any more."""
        for address in self._places.keys() - set(wanted):
            self._maps["path_ends"].delete(address_bytes(address))
            self._arena.free(self._places.pop(address))
            del self._content[address]
