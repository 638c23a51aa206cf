# SPDX-License-Identifier: Apache-2.0
"""The lists of cases in the rooms, found by looking into them: a new file or room is named nowhere,
unless it has a test of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from tests.packets.cases.case import Case
from tests.packets.cases.paired_services import MODES

_HERE = "tests.packets.cases"
_OTHERS = ("decap", "probes")
"""Rooms of other programs: test_decap.py, test_probes.py."""

PAIRED = [mode.replace("-", "_") for mode in MODES]
"""The modes in which replies come back: paired.py."""

DIRECT = [
    found.name
    for found in iter_modules([str(Path(__file__).parent)])
    if found.ispkg and found.name not in (*_OTHERS, *PAIRED)
]
"""All other rooms but those of other programs."""

_SINGLES = {"SINGLES", "ANSWERED", "PASSED", "LISTED", "MALFORMED", "FLAGS"}
"""The names of lists of frames of which each is the first. Every other list is a conversation."""

_APART = {
    "bridge.blocked": "test_bridge.py",
    "l3dsr.expired.NO_ADDRESS": "test_cases.py",
    "l3dsr.no_headroom": "test_cases.py",
    "l3dsr.sources": "test_cases.py",
    "nat.outbound": "test_outbound.py",
    "nat.outbound6": "test_outbound.py",
    "nat.outbound_udp6": "test_outbound.py",
    "one_arm.exhausted": "flowtable/test_pool.py",
    "one_arm.toa": "test_toa.py",
    "one_arm.toa6": "test_toa.py",
}
"""Which files and lists have tests of their own, because they need another configuration."""


def _named(rooms: Sequence[str]) -> Iterator[tuple[str, str, list[Case]]]:
    """Every list, its file as ROOM.FILE and its name."""
    for room in rooms:
        for file in iter_modules(import_module(f"{_HERE}.{room}").__path__):
            module = import_module(f"{_HERE}.{room}.{file.name}")
            for name, cases in vars(module).items():
                if name.isupper() and isinstance(cases, list):
                    yield f"{room}.{file.name}", name, cases


def _together(rooms: Sequence[str]) -> Iterator[tuple[str, list[Case]]]:
    """The name of every list that has no test of its own, and the list."""
    for file, name, cases in _named(rooms):
        if not {file, f"{file}.{name}"} & _APART.keys():
            yield name, cases


def singles(rooms: Sequence[str]) -> list[Case]:
    """Each is the first packet that the program sees."""
    return [case for name, cases in _together(rooms) if name in _SINGLES for case in cases]


def conversations(rooms: Sequence[str]) -> list[list[Case]]:
    """Frames in order."""
    return [cases for name, cases in _together(rooms) if name not in _SINGLES]


def every(rooms: Sequence[str]) -> list[Case]:
    """With those that have tests of their own."""
    return [case for _, _, cases in _named(rooms) for case in cases]
