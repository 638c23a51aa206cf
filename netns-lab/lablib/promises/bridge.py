# SPDX-License-Identifier: Apache-2.0
"""Promises of mode bridge."""

from __future__ import annotations

from lablib.crossings import crossings
from lablib.evidence import Evidence, Pair
from lablib.frames import Segment
from lablib.promises.checks import Promise, each
from lablib.promises.translated import Translation, translated


def _source_kept(name: str, both: list[Pair]) -> Promise:
    return each(f"{name}: src MAC kept", both, lambda b, a: a.source_mac == b.source_mac)


def _requests(seen: Evidence, both: list[Pair]) -> list[Promise]:
    macs = {name: mac for mac, name in seen.reals.items()}

    def is_its(_: Segment, after: Segment) -> bool:
        real = seen.real_of(after)
        return real is not None and after.destination_mac == macs[real]

    return [
        _source_kept("requests", both),
        each("requests: dst MAC: the real server's", both, is_its),
    ]


def _replies(both: list[Pair]) -> list[Promise]:
    name = "replies: dst MAC kept"
    kept = each(name, both, lambda b, a: a.destination_mac == b.destination_mac)
    return [_source_kept("replies", both), kept]


def bridge(seen: Evidence) -> list[Promise]:
    """The table's rows for mode bridge."""
    crossed = crossings(seen)
    made = Translation(seen, crossed, ttl=0)
    return translated(made, (_requests(seen, crossed.requests), _replies(crossed.replies)))
