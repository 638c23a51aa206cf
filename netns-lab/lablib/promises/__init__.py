# SPDX-License-Identifier: Apache-2.0
"""Promises of a mode's table, each checked against the frames that tcpdump saw.

A promise of which no frame was seen is broken: nothing was proven. A module per mode or method, and
its line in ``METHODS``.
"""

from __future__ import annotations

from collections.abc import Callable

from lablib.evidence import Evidence
from lablib.promises.bridge import bridge
from lablib.promises.checks import Promise
from lablib.promises.l2dsr import l2dsr
from lablib.promises.l3dsr_dscp import dscp
from lablib.promises.l3dsr_tunnel import gue, ipip
from lablib.promises.nat import nat
from lablib.promises.one_arm import one_arm
from lablib.promises.router import router
from lablib.promises.traffic import answered, complete, counters, flows_by_real, shares

METHODS: dict[str, Callable[[Evidence], list[Promise]]] = {
    "l2dsr": l2dsr,
    "l3dsr-dscp": dscp,
    "l3dsr-ipip": ipip,
    "l3dsr-gue": gue,
    "bridge": bridge,
    "router": router,
    "one-arm": one_arm,
    "nat": nat,
}
"""The promises of each kind of topology."""

__all__ = ["METHODS", "Promise", "answered", "complete", "counters", "flows_by_real", "shares"]
