# SPDX-License-Identifier: Apache-2.0
"""Promises of mode router."""

from __future__ import annotations

from lablib.crossings import crossings
from lablib.evidence import Evidence
from lablib.promises.checks import Promise
from lablib.promises.translated import Translation, egress_macs, translated


def router(seen: Evidence) -> list[Promise]:
    """The table's rows for mode router."""
    made = Translation(seen, crossings(seen))
    return translated(made, egress_macs(made))
