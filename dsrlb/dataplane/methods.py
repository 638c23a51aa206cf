# SPDX-License-Identifier: Apache-2.0
"""The mode table of the fast path (ebpf/methods.h): its rows are the truth about methods."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from dsrlb import paths

_ROW = re.compile(
    r'\bMETHOD\((\w+), (\w+), "([a-z0-9-]+)", "([a-z0-9-]*)", '
    r"([01]), (\d+), (\d+), ([01]), ([01])\)"
)


@dataclass(frozen=True, slots=True)
class Method:
    """A row: its number, the mode, whether real servers may be behind routers, the bytes in front
    of a packet by the family of the real server's address, whether replies come back through the
    balancer, and whether requests get a source address of the pool's."""

    name: str
    number: int
    mode: str
    routes: bool
    outer: Mapping[int, int]
    replies: bool = False
    snat: bool = False


def parse_methods(text: str) -> dict[str, Method]:
    """Read the METHOD lines, by the method's name (the mode's, where it has but one)."""
    found = {}
    for number, row in enumerate(_ROW.findall(text), 1):
        _, _, mode, method, routes, outer4, outer6, replies, snat = row
        name = method or mode
        outer = {4: int(outer4), 6: int(outer6)}
        flags = (replies == "1", snat == "1")
        found[name] = Method(name, number, mode, routes == "1", outer, *flags)
    return found


@cache
def methods() -> Mapping[str, Method]:
    """The rows of this version."""
    return parse_methods((paths.ebpf_sources() / "methods.h").read_text())
