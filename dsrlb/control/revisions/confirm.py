# SPDX-License-Identifier: Apache-2.0
"""The clock of changes that have to be confirmed in time.

A deadline is in seconds of CLOCK_BOOTTIME, which counts while the machine sleeps and does not jump
when somebody sets the time, of the boot that its id names (/proc/sys/kernel/random/boot_id, see
random(4)). After another boot nobody can confirm any more.
"""

from __future__ import annotations

import time
from functools import lru_cache
from pathlib import Path

from dsrlb.control.revisions.store import Revision

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@lru_cache
def boot_id() -> str:
    """What names this boot."""
    return _BOOT_ID.read_text().strip()


def clock() -> float:
    """Seconds since the boot, sleep included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def seconds_left(revision: Revision) -> float:
    """Until a revision has to be confirmed; 0 when that is over, or was before the last boot."""
    if revision.deadline is None or revision.boot != boot_id():
        return 0.0
    return max(0.0, revision.deadline - clock())


def expired(revision: Revision) -> bool:
    """Had it to be confirmed, and the time is over?"""
    return revision.confirm_within is not None and seconds_left(revision) == 0.0
