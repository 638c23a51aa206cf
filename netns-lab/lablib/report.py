# SPDX-License-Identifier: Apache-2.0
"""What a demo leaves for programs (report.json) and says to people."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lablib.evidence import Evidence
from lablib.hops import Followed, Hop, follow, table
from lablib.promises import Promise
from lablib.shell import LabError
from lablib.topology import Topology
from lablib.traffic import Result


@dataclass(frozen=True, slots=True)
class Report:
    """One demo in one family."""

    topology: Topology
    version: int  # IP
    promises: Sequence[Promise]
    results: Mapping[str, Result]
    flows: Mapping[str, Mapping[str, int]]  # service -> real -> flows
    seen: Evidence
    date: str  # ISO 8601
    pcaps: Sequence[Path]

    @property
    def verified(self) -> bool:
        """Did every promise hold?"""
        return bool(self.promises) and all(promise.ok for promise in self.promises)

    @property
    def per_real(self) -> dict[str, int]:
        """Requests that each real server answered, all services together."""
        return {
            real: sum(result.by_real[real] for result in self.results.values())
            for real in self.seen.reals.values()
        }

    def followed(self) -> tuple[Followed | None, str | None]:
        """A request and its reply, hop by hop; None, and why, when they cannot be followed."""
        try:
            return follow(self.seen), None
        except LabError as error:
            return None, str(error)

    def _hops(self, hops: Sequence[Hop]) -> list[dict[str, Any]]:
        return [
            {
                "where": hop.where,
                **hop.fields,
                "outer": hop.outer or None,
                "frame": hop.frame.hex(),
                "changed": list(hop.changed),
                "added": list(range(*hop.added)),
                "removed": hop.removed,
            }
            for hop in hops
        ]

    def to_json(self) -> dict[str, Any]:
        """The keys of report.json, which are a promise to programs."""
        followed, not_followed = self.followed()
        carried, total = self.seen.carried()
        return {
            "mode": self.topology.mode,
            "method": self.topology.method,
            "title": self.topology.title,
            "about": self.topology.about,
            "date": self.date,
            "family": f"ipv{self.version}",
            "verified": self.verified,
            "promises": [asdict(promise) for promise in self.promises],
            "requests": {
                "sent": sum(result.sent for result in self.results.values()),
                "answered": sum(result.answered for result in self.results.values()),
            },
            "per_real": self.per_real,
            "services": {
                name: {
                    "sent": result.sent,
                    "answered": result.answered,
                    "per_real": dict(result.by_real),
                    "flows_per_real": dict(self.flows[name]),
                }
                for name, result in self.results.items()
            },
            "balancer_bytes": carried,
            "total_bytes": total,
            "request_hops": self._hops(followed.request if followed else ()),
            "reply_hops": self._hops(followed.reply if followed else ()),
            "not_followed": not_followed,
            "pcaps": [path.name for path in self.pcaps],
        }

    def write(self, folder: Path) -> Path:
        """Write report.json beside the captures; returns its path."""
        path = folder / "report.json"
        path.write_text(json.dumps(self.to_json(), indent=1) + "\n")
        return path

    def text(self) -> list[str]:
        """The report for people, as lines."""
        lines = ["", f"=== {self.topology.kind}, IPv{self.version}, VIP {self.seen.vip} ===", ""]
        lines += self._who_got_what()
        followed, not_followed = self.followed()
        lines += ["", "one request, hop by hop (* differs from the hop before):", ""]
        if followed is not None:
            lines += [*table(followed.request), "", "its reply:", "", *table(followed.reply)]
        else:
            lines.append(f"could not be followed: {not_followed}")
        carried, total = self.seen.carried()
        share = f"{100 * carried / total:.1f} %" if total else "-"
        lines += ["", f"the balancer carried {carried:,} of {total:,} bytes ({share})", ""]
        for promise in self.promises:
            word = "PASS" if promise.ok else "FAIL"
            lines.append(f"{word}  {promise.name}  ({promise.frames:,} checked)")
            if promise.detail:
                lines.append(f"      {promise.detail}")
        return lines

    def _who_got_what(self) -> list[str]:
        reals = list(self.seen.reals.values())
        lines = [f"{'':<8}{'sent':>8}{'answered':>10}" + "".join(f"{real:>18}" for real in reals)]
        for name, result in self.results.items():
            cells = [
                f"{result.by_real[real]} in {self.flows[name].get(real, 0)} flows" for real in reals
            ]
            lines.append(
                f"{name:<8}{result.sent:>8}{result.answered:>10}"
                + "".join(f"{cell:>18}" for cell in cells)
            )
        lines.append(
            "(a flow is a connection or a client port; kept-alive ones carry several requests)"
        )
        return lines
