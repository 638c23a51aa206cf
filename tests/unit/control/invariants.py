# SPDX-License-Identifier: Apache-2.0
"""What holds after every single store: what is named is there, and what flows hold on to stays."""

from __future__ import annotations

from typing import Any

import numpy as np

from dsrlb.control.desired import OUTBOUND, PRESENT
from dsrlb.control.forms import by_number, form
from dsrlb.dataplane.keys import IPAddress, address_bytes, address_from_bytes, interest_bit
from tests.unit.control.maps import FakeMaps


def of_interest(maps: FakeMaps, place: int, address: IPAddress) -> bool:
    """Does a packet with this destination (0) or source (1) get past the filter?"""
    words, bit = maps["interest"].get(place), interest_bit(address)
    return words is not None and bool(int(words["word"][bit >> 6]) >> (bit & 63) & 1)


def check_named(maps: FakeMaps) -> None:
    """What records and natted name."""
    slots = maps["slots"].array
    for number in np.flatnonzero(slots).tolist():
        _check_pool(maps, maps["records"].array[int(slots[number]) & 0xFFFFFFFF])
    for key in maps["services"].hash_keys():
        service = maps["services"].get(key.tobytes())
        assert service is not None
        slot = int(slots[int(service)])
        if slot:
            _check_reals(maps, maps["records"].array[slot & 0xFFFFFFFF])
    for key in maps["natted"].hash_keys():
        index = maps["natted"].get(key.tobytes())
        address = address_from_bytes(key.tobytes())
        assert of_interest(maps, 1, address), f"replies of {address} are not looked at"
        if index:
            _check_opener(maps, int(index), address)


def _check_pool(maps: FakeMaps, record: Any) -> None:
    first, count = int(record["pool_first"]), int(record["pool_count"])
    assert bool(first) == bool(count)
    for raw in maps["pools"].array[first : first + count]:
        address = address_from_bytes(raw.tobytes())
        assert maps["vips"].get(address_bytes(address)) is not None, f"{address} is not answered"
        assert of_interest(maps, 0, address), f"replies to {address} are not looked at"


def _check_reals(maps: FakeMaps, record: Any) -> None:
    """Of a service that packets get to."""
    method = by_number()[int(record["method"])]
    if not method.replies:
        return
    settings = maps["settings"].get(0)
    assert settings is not None
    assert settings["replies"], "replies are not looked at"
    at = int(record["first"])
    for index in maps["members"].array[at : at + int(record["count"])].tolist():
        address = address_from_bytes(maps["reals"].array[index]["address"].tobytes())
        if not method.snat:
            assert maps["natted"].get(address_bytes(address)) is not None, f"{address} is not known"


def _check_opener(maps: FakeMaps, index: int, address: IPAddress) -> None:
    """A real server that opens connections: it is there, and its service has a pool."""
    real = maps["reals"].array[index]
    assert int(real["flags"]) & (PRESENT | OUTBOUND) == PRESENT | OUTBOUND
    assert address_from_bytes(real["address"].tobytes()) == address
    slot = int(maps["slots"].array[int(real["service"])])
    assert slot
    assert int(maps["records"].array[slot & 0xFFFFFFFF]["pool_count"])


class Kept:
    """What flows name: a real by index and generation, an address of a pool by its place."""

    def __init__(self, maps: FakeMaps) -> None:
        self._forms: dict[tuple[int, int], object] = {}
        self._pools: dict[int, bytes] = {}
        self.check(maps)

    def check(self, maps: FakeMaps) -> None:
        """Nothing that a record in force ever named has changed."""
        reals, pools = maps["reals"].array, maps["pools"].array
        for slot in maps["slots"].array[maps["slots"].array != 0].tolist():
            record = maps["records"].array[slot & 0xFFFFFFFF]
            first, count = int(record["first"]), int(record["count"])
            for index in maps["members"].array[first : first + count].tolist():
                key = (index, int(reals[index]["generation"]))
                self._forms.setdefault(key, _form(reals[index]))
            first, count = int(record["pool_first"]), int(record["pool_count"])
            for place in range(first, first + count):
                self._pools.setdefault(place, pools[place].tobytes())
        for (index, generation), was in self._forms.items():
            if int(reals[index]["generation"]) == generation:
                assert _form(reals[index]) == was, f"flows of real {index} cannot go on"
        for place, raw in self._pools.items():
            assert pools[place].tobytes() == raw, f"flows by place {place} have another source"


def _form(real: Any) -> object:
    return form(by_number()[int(real["method"])], int(real["port"]))
