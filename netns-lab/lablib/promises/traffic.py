# SPDX-License-Identifier: Apache-2.0
"""Promises of every mode about clients and counters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from lablib.evidence import Evidence
from lablib.promises.checks import Promise, promise


def answered(name: str, sent: int, got: int) -> Promise:
    """Every request was answered."""
    detail = "" if sent == got else f"{sent} sent, {got} answered"
    return Promise(f"{name}: every request answered", 0 < sent == got, sent, detail)


def complete(unchanged: bool, got: int, size: int) -> Promise:
    """A download came back whole."""
    wrong = "" if unchanged else f"{got:,} of {size:,} bytes, or other bytes"
    return promise(f"a download of {size >> 20} MB comes back complete", 1, wrong)


def shares(name: str, flows: Mapping[str, int], weights: Mapping[str, int]) -> Promise:
    """Each real server's share of N flows in a row: whole cycles exactly, at most its weight more
    in the one that the end (or the beginning) cut."""
    total, cycle = sum(flows.values()), sum(weights.values())
    whole, rest = divmod(total, cycle)
    wrong = [
        real
        for real in weights.keys() | flows.keys()
        if not whole * weights.get(real, 0)
        <= flows.get(real, 0)
        <= whole * weights.get(real, 0) + min(rest, weights.get(real, 0))
    ]
    detail = f"{dict(flows)} of {total}" if wrong else ""
    given = ":".join(str(weight) for weight in weights.values())
    name = f"{name}: flows shared {given}, to the last one"
    return Promise(name, bool(total) and not wrong, total, detail)


def counters(name: str, counted: int, seen: int) -> Promise:
    """dsrlb's own counter says what tcpdump saw."""
    detail = "" if counted == seen else f"dsrlb counted {counted}, tcpdump saw {seen}"
    return Promise(
        f"{name}: `dsrlb services` counts what tcpdump saw", 0 < seen == counted, seen, detail
    )


def flows_by_real(seen: Evidence, protocol: int) -> Counter[str]:
    """How many flows of a protocol each real server got."""
    homes = {
        (found.flow, seen.real_of(found) or "?")
        for found in seen.out_of_balancer()
        if found.protocol == protocol
    }
    return Counter(real for _, real in homes)
