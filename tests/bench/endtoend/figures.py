# SPDX-License-Identifier: Apache-2.0
"""Runs made into rows, and rows into tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.bench.endtoend.loads import Run
from tests.bench.endtoend.variants import REALS, Variant

Row = dict[str, Any]
RATES = (10_000, 100_000)
"""Requests a second at which latencies are measured."""
_SATURATED = 0.01
"""Where more than this share is lost, a latency means nothing: the variant cannot do the rate."""


def percentile(histogram: npt.NDArray[Any], step: int, share: float) -> float:
    """The upper end, in units of ``step``, of the place in which ``share`` (0 to 1) of what was
    counted is reached; nan of nothing."""
    total = int(histogram.sum())
    if not total:
        return float("nan")
    place = int(np.searchsorted(np.cumsum(histogram), share * total))
    return float((place + 1) * step)


def _row(variant: Variant, what: str, runs: Sequence[Run], values: Sequence[float]) -> Row:
    done, packets = (sum(getattr(run, name) for run in runs) for name in ("done", "packets"))
    began = sum(run.began for run in runs)
    return {
        "case": "endtoend",
        "variant": variant.name,
        "mode": variant.mode,
        "method": variant.method,
        "family": "ipv4",
        "reals": REALS,
        "what": what,
        "value": round(median(values), 1),
        "min": round(min(values), 1),
        "median": round(median(values), 1),
        "max": round(max(values), 1),
        "rounds": len(runs),
        "p50_us": None,
        "p99_us": None,
        "rate": None,
        "loss": round(sum(run.lost for run in runs) / began, 6) if began else None,
        "cpu_ns_per_packet": round(median(run.cpu / run.packets for run in runs), 1),
        "cpu_ns_each": round(median(run.cpu / run.done for run in runs), 1),
        "cpu_share": round(median(run.cpu / run.seconds / 1e9 for run in runs), 3),
        "waited_share": round(max(run.waited / run.seconds / 1e9 for run in runs), 4),
        "packets_each": round(packets / done, 2),
    }


def closed_rows(variant: Variant, what: str, runs: Sequence[Run]) -> Iterator[Row]:
    """Of loads that go as fast as they can: requests or connections a second, and packets."""
    yield _row(variant, what, runs, [run.done / run.seconds for run in runs])
    if what == "requests":
        yield _row(variant, "packets", runs, [run.packets / run.seconds for run in runs])


def timed_row(variant: Variant, rate: int, runs: Sequence[Run], step: int) -> Row:
    """Of requests at a rate: medians of the rounds' own p50 and p99, in µs, and of their loss."""
    histograms = [run.latencies for run in runs if run.latencies is not None]
    half, most = (
        [percentile(one, step, share) / 1000 for one in histograms] for share in (0.5, 0.99)
    )
    row = _row(variant, "latency", runs, half)
    lost = median(run.lost / run.began for run in runs)
    more = {"rate": rate, "p50_us": row["median"], "p99_us": round(median(most), 1)}
    return row | more | {"loss": round(lost, 6)}


def _found(rows: Sequence[Row]) -> dict[str, dict[tuple[str, int | None], Row]]:
    found: dict[str, dict[tuple[str, int | None], Row]] = {}
    for row in rows:
        found.setdefault(row["variant"], {})[row["what"], row["rate"]] = row
    return found


def _number(row: Row | None, key: str = "value", scale: float = 1.0, digits: int = 0) -> str:
    if row is None or row[key] is None:
        return "-"
    return f"{row[key] / scale:,.{digits}f}"


def _latency(row: Row | None) -> str:
    if row is None:
        return "-"
    if row["loss"] > _SATURATED:
        return "saturated"
    return f"{row['p50_us']:.0f} / {row['p99_us']:.0f}"


_COLUMNS = (
    ("", "<12"),
    ("packets/s", ">11"),
    ("requests/s", ">11"),
    ("ns/packet", ">10"),
    ("connections/s", ">14"),
    ("ns/conn", ">9"),
    *((f"p50/p99 µs at {rate // 1000}k/s", ">22") for rate in RATES),
    ("TCP conn/s", ">11"),
    ("ns/conn", ">9"),
)


def _cells(name: str, row: Mapping[tuple[str, int | None], Row]) -> list[str]:
    return [
        name,
        _number(row.get(("packets", None))),
        _number(row.get(("requests", None))),
        _number(row.get(("packets", None)), "cpu_ns_per_packet"),
        _number(row.get(("connections", None))),
        _number(row.get(("connections", None)), "cpu_ns_each"),
        *(_latency(row.get(("latency", rate))) for rate in RATES),
        _number(row.get(("tcp-connections", None))),
        _number(row.get(("tcp-connections", None)), "cpu_ns_each"),
    ]


def ratios(rows: Sequence[Row], name: str, other: str) -> dict[str, float]:
    """How many times as many of each a variant does as another, where both were measured."""
    found = _found(rows)
    result = {}
    for what in ("packets", "requests", "connections"):
        pair = [found.get(one, {}).get((what, None)) for one in (name, other)]
        if pair[0] is not None and pair[1] is not None:
            result[what] = pair[0]["value"] / pair[1]["value"]
    return result


def _ratio_lines(rows: Sequence[Row]) -> Iterator[str]:
    for other in ("nft-dnat", "haproxy"):
        times = ratios(rows, "l2dsr", other)
        if times:
            words = ", ".join(f"{what} {ratio:.1f}" for what, ratio in times.items())
            yield f"l2dsr to {other}: {words} times"


def table(rows: Sequence[Row]) -> Iterator[str]:
    """Lines for people: medians; the CPU times are the balancer's alone."""
    found = _found(rows)
    if not found:
        return
    yield " ".join(f"{title:{width}}" for title, width in _COLUMNS)
    for name, row in found.items():
        cells = zip(_cells(name, row), _COLUMNS, strict=True)
        yield " ".join(f"{cell:{width}}" for cell, (_, width) in cells)
    yield from _ratio_lines(rows)


def markdown(rows: Sequence[Row]) -> Iterator[str]:
    """The same for documents."""
    found = _found(rows)
    if not found:
        return
    yield "| " + " | ".join(title for title, _ in _COLUMNS) + " |"
    yield "|---|" + "---:|" * (len(_COLUMNS) - 1)
    for name, row in found.items():
        yield "| " + " | ".join(_cells(name, row)) + " |"
    yield ""
    yield from (f"- {line}" for line in _ratio_lines(rows))
