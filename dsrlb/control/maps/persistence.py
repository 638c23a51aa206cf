# SPDX-License-Identifier: Apache-2.0
"""Persistence groups: the number that the sources of a group are kept under, and homes[].

The fast path remembers for a source, under the group's number, the real server of whichever service
it came to; homes[] says which one that is in another service of the group.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from dsrlb.control.desired.contents import ServiceId
from dsrlb.dataplane.keys import IPAddress, address_bytes, address_from_bytes
from dsrlb.dataplane.map import Map

Home = tuple[int, IPAddress]
"""Service id and address of a real server."""


def group_numbers(
    wanted: Mapping[ServiceId, str], present: Mapping[ServiceId, int], first: int
) -> dict[ServiceId, int]:
    """The group's number of each service that names a group.

    ``present``: the numbers in the records in force; ``first``: the lowest that may be given to a
    named group (below are service ids, which number services of no group). Names are stored
    nowhere: a group has the number that most of its services have, as long as one has it.
    """
    votes = Counter(
        (group, present[service])
        for service, group in wanted.items()
        if present.get(service, 0) >= first
    )
    numbers: dict[str, int] = {}
    given = {number for number in present.values() if number >= first}
    kept: set[int] = set()
    for (group, number), _ in sorted(votes.items(), key=lambda vote: (-vote[1], vote[0])):
        if group not in numbers and number not in kept:
            numbers[group] = number
            kept.add(number)
    for group in sorted(set(wanted.values()) - numbers.keys()):
        number = first
        while number in given:
            number += 1
        numbers[group] = number
        given.add(number)
    return {service: numbers[group] for service, group in wanted.items()}


def home_key(home: Home) -> bytes:
    """struct home_key."""
    return home[0].to_bytes(4, "little") + address_bytes(home[1])


class Homes:
    """Writes homes[]. ``content``: what it holds, kept up to date here."""

    def __init__(self, homes: Map, content: dict[Home, int]) -> None:
        self._map = homes
        self._content = content

    def put(self, wanted: Mapping[Home, int]) -> None:
        """Write what is new or changed."""
        for home, index in wanted.items():
            if self._content.get(home) != index:
                self._map.set(home_key(home), index)
                self._content[home] = index

    def remove_others(self, wanted: Iterable[Home]) -> None:
        """Forget the others."""
        for home in self._content.keys() - set(wanted):
            self._map.delete(home_key(home))
            del self._content[home]


def read_homes(homes: Map) -> dict[Home, int]:
    """homes[] as it is: the index in reals[] by service id and address."""
    found = {}
    for key in homes.hash_keys():
        raw = key.tobytes()
        value = homes.get(raw)
        if value is not None:
            found[int.from_bytes(raw[:4], "little"), address_from_bytes(raw[4:])] = int(value)
    return found
