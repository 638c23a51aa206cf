# SPDX-License-Identifier: Apache-2.0
"""What `dsrlb doctor` finds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. ``ok`` None: worth knowing, neither right nor wrong."""

    name: str
    ok: bool | None
    value: str
    advice: str = ""
