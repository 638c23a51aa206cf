# SPDX-License-Identifier: Apache-2.0
"""Which new flows go elsewhere when a service chooses its real servers in another way, in words.

Flows that are there stay where they are, handshakes too.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsrlb.config import Config, Service
from dsrlb.config.choices import WEIGHTED
from dsrlb.control.maps.tableplace import entries_wanted

_ELSEWHERE = "most clients' new flows go to other real servers"


def chosen_anew(field: str, old: Service, new: Service) -> str:
    """What to add to the change of a key of a service; nothing for most keys."""
    if field == "algorithm":
        return "; for new flows"
    same = old.algorithm == new.algorithm
    moves = field == "hash_on" and same and old.by_source != new.by_source
    return f"; {_ELSEWHERE}" if moves else ""


def unheeded(field: str, was: object, now: object, service: Service) -> str:
    """What to add to the change of a key of a real server: that nothing comes of it."""
    heeded = field != "weight" or service.algorithm in WEIGHTED or 0 in (was, now)
    return "" if heeded else f"; {service.algorithm} goes by no weight"


def resized(before: Config, old: Service, after: Config, new: Service) -> Iterator[str]:
    """A table of another size, whether that was given or comes of weights."""
    if old.algorithm != new.algorithm:
        return
    for family in sorted({vip.version for vip in old.vip} & {vip.version for vip in new.vip}):
        was, now = _entries(before, old, family), _entries(after, new, family)
        if was != now:
            yield f"IPv{family} table: {was:,} -> {now:,} entries; {_ELSEWHERE}"


def _entries(config: Config, service: Service, family: int) -> int:
    reals = config.reals_of(service)
    here = (real for real in reals if config.address_for(service, real, family) is not None)
    return entries_wanted(service, [real.weight for real in here])


def reseeded(before: Config) -> str:
    """What to add to a change of balancer.hash_seed."""
    hashed = any(service.by_hash for service in before.service)
    return f"; {_ELSEWHERE} (hash, maglev)" if hashed else ""
