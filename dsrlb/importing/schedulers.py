# SPDX-License-Identifier: Apache-2.0
"""The kernel's schedulers (ipvsadm(8), --scheduler) and the algorithms that come closest."""

from __future__ import annotations

from dataclasses import dataclass

_EXACT = {
    "rr": "round-robin",
    "wrr": "weighted-round-robin",
    "lc": "least-connection",
    "wlc": "weighted-least-connection",
}
_HASHES = {"sh": "hash", "mh": "maglev"}
_NEAR = {
    "sed": "weighted-least-connection does not count the connection that is about to come",
    "nq": "weighted-least-connection has no rule of its own for idle real servers",
    "twos": "weighted-least-connection compares all real servers, not two at random",
    "lblc": "algorithms do not go by the destination; weighted-least-connection stands in",
    "lblcr": "algorithms do not go by the destination; weighted-least-connection stands in",
    "ovf": "weighted-least-connection fills all by weight, not one after the other; max_open of "
    "a real server is a limit",
}
_ANEW = "the hash is another one, so most clients get another real server once"


@dataclass(frozen=True, slots=True)
class Choice:
    """An algorithm, and why it is not quite the same ("": it is)."""

    algorithm: str
    hash_on: str | None = None
    why: str = ""


def choose(scheduler: str, flags: frozenset[str]) -> Choice:
    """The algorithm for a scheduler and its flags "port" and "fallback". Scheduler fo, which is no
    algorithm here, is as exact as what is left of it: one real server."""
    if scheduler in _EXACT:
        return Choice(_EXACT[scheduler])
    if scheduler == "dh":  # which has no flags
        why = "no algorithm goes by the destination; hash goes by the client's address"
        return Choice("hash", "source", why)
    if scheduler in _HASHES:
        return Choice(_HASHES[scheduler], "tuple" if "port" in flags else "source", _ANEW)
    if scheduler == "fo":
        return Choice("round-robin")
    why = _NEAR.get(scheduler, "no such scheduler is known; weighted-least-connection stands in")
    return Choice("weighted-least-connection", None, why)
