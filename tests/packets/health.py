# SPDX-License-Identifier: Apache-2.0
"""What health checks make of a configuration: real servers that are down, and get no new flows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from dsrlb.control.desired import LEAVE, RESET, USABLE, Desired

FLAGS = {"leave": LEAVE, "reset": RESET}


def found(down: Mapping[str, str]) -> Callable[[Desired], None]:
    """A change for Program.configure(): those addresses are down, and their flows "leave", or are
    "reset"."""

    def change(desired: Desired) -> None:
        for identity, real in desired.reals.items():
            more = FLAGS.get(down.get(str(identity.address), ""), 0)
            if more:
                desired.reals[identity] = replace(real, flags=real.flags & ~USABLE | more)
        for name, service in desired.services.items():
            pairs = zip(service.schedule, service.weights, strict=True)
            kept = {real: weight for real, weight in pairs if str(real.address) not in down}
            desired.services[name] = replace(
                service,
                schedule=tuple(kept),
                weights=tuple(kept.values()),
                table_size=service.table_size if kept else 0,
            )

    return change
