# SPDX-License-Identifier: Apache-2.0
"""How an instance is started."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dsrlb.control.revisions.change import Change
from dsrlb.control.revisions.log import RevisionLog


@dataclass(frozen=True, slots=True)
class Options:
    """What is recorded, and where; replace foreign programs; ``attached`` is called
    when the program is, and returns the seconds since the start of the process; ``text``: what the
    configuration was read from, if it was in the log."""

    change: Change
    log: RevisionLog
    force: bool
    attached: Callable[[], float]
    text: str = ""
