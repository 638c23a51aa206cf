# SPDX-License-Identifier: Apache-2.0
"""From virtual servers to a configuration that is valid, with what does not fit taken out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from itertools import product
from typing import Any

from dsrlb.config import Config
from dsrlb.config.balancer import PROBE_PREFIXES
from dsrlb.config.secrets import HIDDEN, secret
from dsrlb.config.source import from_tables
from dsrlb.config.values import IPAddress
from dsrlb.errors import ConfigError, Problem
from dsrlb.importing.form import Virtual
from dsrlb.importing.report import Place, Report, nothing, wrong
from dsrlb.importing.service import Draft, draft

MOST_SERVICES = 4096
"""As many as the fast path has places for (abi.h)."""

_KEY = re.compile(r"service\[(\d+)\](?:\.(\w+)(?:\[(\d+)\])?)?")
_SPARE = tuple(
    map(
        ip_network,
        ("198.19.0.0/16", "100.127.0.0/16", "10.255.0.0/16", "fd00:d6::/96", "fd00:d7::/96"),
    )
)
"""Prefixes for probes, where addresses of the import are in those that are usual."""


def _probe_prefixes(virtuals: Iterable[Virtual]) -> list[str]:
    """One prefix of each family without an address of any server; the usual one where all have."""
    used = {address for virtual in virtuals for address in virtual.addresses}
    for virtual in virtuals:
        sorry = () if virtual.sorry is None else (virtual.sorry,)
        used |= {member.address for member in (*virtual.members, *sorry)}
    chosen = []
    for usual in PROBE_PREFIXES:
        candidates = (usual, *(spare for spare in _SPARE if spare.version == usual.version))
        free = (one for one in candidates if not any(address in one for address in used))
        chosen.append(str(next(free, usual)))
    return chosen


def _balancer(
    interfaces: Sequence[str], virtuals: Sequence[Virtual], report: Report, start: Place
) -> dict[str, Any]:
    table: dict[str, Any] = {"interfaces": list(interfaces)}
    prefixes = _probe_prefixes(virtuals)
    if prefixes != [str(prefix) for prefix in PROBE_PREFIXES]:
        table["probe_prefix"] = prefixes
        why = f"{', '.join(prefixes)}: the usual ones have addresses of the file"
        report.near(start, "balancer.probe_prefix", why)
    return table


def _is_part(key: str, number: int) -> bool:
    """Is a service still one without it? A number is that of a real server; -1: of none."""
    return key in ("sorry", "health") or (key == "real" and number >= 0)


@dataclass(slots=True)
class _Writer:
    """Takes out, and tells, what keeps a configuration from being valid, until it is."""

    balancer: dict[str, Any]
    drafts: list[Draft]
    report: Report

    def config(self) -> Config:
        """The configuration. Raises ConfigError for what is wrong with the balancer's table."""
        while True:
            tables: dict[str, Any] = {"balancer": self.balancer}
            if self.drafts:
                tables["service"] = [one.table for one in self.drafts]
            try:
                return from_tables(tables)
            except ConfigError as error:
                self._take_out(error)

    def _take_out(self, error: ConfigError) -> None:
        pieces: dict[tuple[int, str, int], Problem] = {}
        for problem in error.problems:
            match = _KEY.match(problem.key)
            if match is None:
                raise error
            pieces.setdefault((int(match[1]), match[2] or "", int(match[3] or -1)), problem)
        # What is wrong with the whole may be right when a part is gone.
        partly = {index for index, key, number in pieces if _is_part(key, number)}
        gone: set[int] = set()
        # From the end, so that what is left keeps its index.
        for (index, key, number), problem in sorted(pieces.items(), reverse=True):
            if index in partly and not _is_part(key, number):
                continue
            if not self._piece(self.drafts[index], key, number, problem):
                gone.add(index)
        self.drafts = [one for index, one in enumerate(self.drafts) if index not in gone]

    def _piece(self, one: Draft, key: str, number: int, problem: Problem) -> bool:
        """Take a part of a service out; False: it cannot be without it, and goes as a whole."""
        why = f"{HIDDEN if secret(problem.key) else problem.value}: {problem.message}"
        if key == "real" and 0 <= number < len(one.members) and len(one.members) > 1:
            member = one.members.pop(number)
            del one.table["real"][number]
            self.report.lost(member.place, member.label, why)
            return True
        if key == "sorry" and one.sorry is not None:
            self.report.lost(one.sorry, "sorry_server", why)
            one.drop_sorry()
            return True
        if key == "health" and one.table["health"] != {"type": "none"}:
            self.report.lost(one.virtual.place, f"checks of {one.virtual.label}", why)
            one.table["health"] = {"type": "none"}
            return True
        within = problem.key.partition(".")[2] or "service"
        self.report.lost(one.virtual.place, one.virtual.label, f"{within} = {why}")
        return False


def _first(drafts: Iterable[Draft], report: Report) -> Iterator[Draft]:
    """Those of whose addresses and ports none before has one; the check of a configuration would
    tell each by all before it."""
    taken: dict[tuple[str, IPAddress, int], Place] = {}
    for one in drafts:
        virtual = one.virtual
        claims = list(product((virtual.protocol,), virtual.addresses, virtual.ports))
        owner = next((taken[claim] for claim in claims if claim in taken), None)
        if owner is None:
            taken.update(dict.fromkeys(claims, virtual.place))
            yield one
        else:
            why = f"it stands in line {owner.line} of {owner.file} already"
            report.lost(virtual.place, virtual.label, why)


def write(
    virtuals: Sequence[Virtual], interfaces: Sequence[str], report: Report, start: Place
) -> Config:
    """The configuration for virtual servers; what is left out of it is told. ``start``: the first
    line of the file, for what is of no line. Raises ConfigError for interfaces that cannot be
    names of such, and when no service is left."""
    if len(virtuals) > MOST_SERVICES:
        message = f"at most {MOST_SERVICES:,} virtual servers"
        raise wrong(start, "file", f"{len(virtuals):,} virtual servers", message)
    names: set[str] = set()
    found = (draft(virtual, names, report) for virtual in virtuals)
    drafts = list(_first((one for one in found if one is not None), report))
    config = _Writer(_balancer(interfaces, virtuals, report, start), drafts, report).config()
    if not config.service:
        raise nothing(report, start, "no virtual server could be carried over")
    return config
