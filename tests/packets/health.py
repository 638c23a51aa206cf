# SPDX-License-Identifier: Apache-2.0
"""What health checks make of a configuration: real servers that are down, and get no new flows;
and services whose packets are the kernel's when all are."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import replace

from dsrlb.control.desired.contents import AWAY, LEAVE, PASS_EMPTY, RESET, USABLE, Desired

FLAGS = {"leave": AWAY | LEAVE, "reset": AWAY | RESET}
"""As the control plane has them."""


def found(down: Mapping[str, str], passed: Container[str] = ()) -> Callable[[Desired], None]:
    """A change for Program.configure(): those addresses are down, and their flows "leave", or are
    "reset"; ``passed``: names of services."""

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
                flags=service.flags | PASS_EMPTY * (name.name in passed),
                schedule=tuple(kept),
                weights=tuple(kept.values()),
                table_size=service.table_size if kept else 0,
            )

    return change
