# SPDX-License-Identifier: Apache-2.0
"""Promises of mode nat."""

from __future__ import annotations

from lablib.crossings import crossings
from lablib.evidence import Evidence
from lablib.promises.checks import Promise
from lablib.promises.outbound import outbound
from lablib.promises.translated import Translation, egress_macs, translated


def nat(seen: Evidence) -> list[Promise]:
    """The table's rows for mode nat."""
    made = Translation(seen, crossings(seen))
    found = translated(made, egress_macs(made))
    return [*found, *outbound(seen)] if seen.topology.outbound else found
