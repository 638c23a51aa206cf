# SPDX-License-Identifier: Apache-2.0
"""Promises of mode one-arm."""

from __future__ import annotations

from lablib.crossings import crossings
from lablib.evidence import Evidence
from lablib.promises.checks import Promise
from lablib.promises.common import answered_by_the_balancer
from lablib.promises.translated import Translation, egress_macs, translated


def one_arm(seen: Evidence) -> list[Promise]:
    """The table's rows for mode one-arm."""
    made = Translation(seen, crossings(seen), pooled=True)
    pool = [one for one in seen.topology.pool if one.version == seen.vip.version]
    return [
        *translated(made, egress_macs(made)),
        answered_by_the_balancer(seen, "the pool", pool),
    ]
