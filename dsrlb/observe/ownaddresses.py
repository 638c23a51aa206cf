# SPDX-License-Identifier: Apache-2.0
"""Whether a configuration and this host can have both what they have, now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from dsrlb.config import Clash, Config, HostFacts
from dsrlb.errors import DsrlbError
from dsrlb.net.host import host_facts
from dsrlb.observe.findings import Finding

Clashing = Callable[[Config, HostFacts], Iterable[Clash]]
"""All that a configuration and a host cannot both have."""


def own_addresses(config: Config, clashing: Clashing) -> Iterator[Finding]:
    """What of the configuration this host is in the way of, each once."""
    try:
        found = {clash.identity: clash for clash in clashing(config, host_facts())}
    except (DsrlbError, OSError) as error:
        yield Finding("own addresses", None, f"they cannot be read: {error}")
        return
    for clash in found.values():
        yield Finding(f"{clash.about} {clash.value}", False, clash.fact, clash.advice)
    if not found:
        yield Finding("own addresses", True, "nothing of the configuration clashes with this host")
