# SPDX-License-Identifier: Apache-2.0
"""What holds after every single store: what is named is there, and what flows hold on to stays."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dsrlb.control.desired.contents import HASH_SOURCE, OUTBOUND, PRESENT, USABLE
from dsrlb.control.desired.forms import by_number, form
from dsrlb.dataplane.algorithms import by_number as algorithms_by_number
from dsrlb.dataplane.keys import IPAddress, address_bytes, address_from_bytes, interest_bit
from tests.unit.control.fakemaps import FakeMaps
from tests.unit.control.reader import table_of


def of_interest(maps: FakeMaps, place: int, address: IPAddress) -> bool:
    """Does a packet with this destination (0) or source (1) get past the filter?"""
    words, bit = maps[("interest", "answers")[place]].get(0), interest_bit(address)
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
            record = maps["records"].array[slot & 0xFFFFFFFF]
            _check_schedule(maps, record, int(service))
            _check_reals(maps, record)
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


def _members(maps: FakeMaps, record: Any) -> npt.NDArray[np.int64]:
    """The real servers that a record names, by index."""
    first, count = int(record["first"]), int(record["count"])
    members = np.asarray(maps["members"].array[first : first + count])
    return (members & np.uint64(0xFFFFFFFF)).astype(np.int64)


def _check_schedule(maps: FakeMaps, record: Any, service: int) -> None:
    """Who may get a flow: real servers of the service that may, each once; and no others are in the
    table, where the algorithm has one."""
    indices = _members(maps, record)
    assert len(set(indices.tolist())) == len(indices)
    reals = np.asarray(maps["reals"].array)[indices]
    assert (reals["flags"] & (PRESENT | USABLE) == PRESENT | USABLE).all()
    assert (reals["service"] == service).all()
    entries = table_of(maps, record)
    assert set(np.unique(entries).tolist()) <= set(indices.tolist())
    algorithm = algorithms_by_number()[int(record["algorithm"])]
    if algorithm.kind == "hash" or algorithm.name == "weighted-round-robin":
        assert bool(len(entries)) == bool(len(indices))
    elif algorithm.name != "weighted-least-connection":
        assert not len(entries)
    if algorithm.kind != "hash":
        assert not int(record["flags"]) & HASH_SOURCE


def _check_reals(maps: FakeMaps, record: Any) -> None:
    """Of a service that packets get to."""
    method = by_number()[int(record["method"])]
    if not method.replies:
        return
    settings = maps["settings"].get(0)
    assert settings is not None
    assert settings["replies"], "replies are not looked at"
    for index in _members(maps, record).tolist():
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
            for index in _members(maps, record).tolist():
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
