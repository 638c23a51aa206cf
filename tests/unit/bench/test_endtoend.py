# SPDX-License-Identifier: Apache-2.0
"""The end-to-end bench: what is computed from its runs, and what its variants are given."""

from __future__ import annotations

import math
import tomllib
from typing import Any

import numpy as np
import pytest

from dsrlb.config import parse
from dsrlb.errors import DsrlbError
from tests.bench.endtoend import figures, loads, stacks
from tests.bench.endtoend.loads import Run
from tests.bench.endtoend.variants import (
    REALS,
    VARIANTS,
    Variant,
    dsrlb_config,
    haproxy_config,
    nft_rules,
)

L2DSR = VARIANTS[0]
WRK = """\
Running 1s test @ http://10.92.0.1:8080/
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     2.93ms    1.06ms  14.31ms   91.12%
    Req/Sec     5.46k     0.98k    6.71k    70.00%
  5472 requests in 1.01s, 779.14KB read
Requests/sec:   5417.63
Transfer/sec:    771.40KB
"""


def run(done: int, cpu: int = 1000, **more: Any) -> Run:
    """A run of half a second."""
    given: dict[str, Any] = {"packets": 2 * done, "began": done, "lost": 0, "waited": 0} | more
    return Run(seconds=0.5, done=done, cpu=cpu, **given)


def test_percentiles_are_upper_ends_of_steps() -> None:
    histogram = np.zeros(100, np.uint64)
    histogram[9], histogram[49], histogram[99] = 50, 49, 1
    assert figures.percentile(histogram, 64, 0.5) == 640
    assert figures.percentile(histogram, 64, 0.51) == 3200
    assert figures.percentile(histogram, 64, 0.99) == 3200
    assert figures.percentile(histogram, 64, 1.0) == 6400
    assert math.isnan(figures.percentile(np.zeros(4, np.uint64), 64, 0.5))


def test_rows_of_what_goes_as_fast_as_it_can() -> None:
    runs = [run(100, cpu=20_000), run(300, cpu=30_000), run(200, cpu=20_000)]
    requests, packets = figures.closed_rows(L2DSR, "requests", runs)
    assert (requests["what"], packets["what"]) == ("requests", "packets")
    assert (requests["min"], requests["median"], requests["max"]) == (200, 400, 600)
    assert packets["value"] == packets["median"] == 800
    assert packets["cpu_ns_per_packet"] == 50
    assert packets["cpu_ns_each"] == 100
    assert packets["packets_each"] == 2
    (connections,) = figures.closed_rows(L2DSR, "connections", runs)
    assert connections["variant"] == "l2dsr"


def test_row_at_a_rate() -> None:
    one, other = np.zeros(1000, np.uint64), np.zeros(1000, np.uint64)
    one[99], other[199] = 100, 100
    runs = [run(90, began=100, lost=10, latencies=one), run(100, latencies=other)]
    row = figures.timed_row(L2DSR, 10_000, runs, 100)
    assert (row["min"], row["max"]) == (10, 20)
    assert (row["p50_us"], row["p99_us"], row["rate"]) == (15, 15, 10_000)
    assert row["loss"] == 0.05


def test_table_tells_what_is_saturated_and_how_many_times_as_fast() -> None:
    histogram = np.ones(10, np.uint64)
    rows: list[figures.Row] = []
    for variant, scale in zip(VARIANTS[:1] + VARIANTS[-2:], (30, 10, 1), strict=True):
        rows += figures.closed_rows(variant, "requests", [run(1000 * scale)])
        rows += figures.closed_rows(variant, "connections", [run(500 * scale)])
        lost = 5 if variant.name == "haproxy" else 0
        rows.append(
            figures.timed_row(
                variant, 10_000, [run(95, began=95 + lost, lost=lost, latencies=histogram)], 64
            )
        )
    lines = list(figures.table(rows))
    assert [line.split()[0] for line in lines[1:4]] == ["l2dsr", "nft-dnat", "haproxy"]
    assert "saturated" in lines[3] and "saturated" not in lines[1]
    assert lines[4] == "l2dsr to nft-dnat: packets 3.0, requests 3.0, connections 3.0 times"
    assert lines[5] == "l2dsr to haproxy: packets 30.0, requests 30.0, connections 30.0 times"
    assert list(figures.table([])) == list(figures.markdown([])) == []
    document = list(figures.markdown(rows))
    assert document[1].count("|") == document[2].count("|") == document[4].count("|")
    assert document[2].startswith("| l2dsr | 120,000 | 60,000 |")
    assert document[5:] == ["", *(f"- {line}" for line in lines[4:])]


def test_wrk_is_understood() -> None:
    assert stacks.parse_wrk(WRK) == (5472, 1.01, 0)
    errors = "  Socket errors: connect 1, read 2, write 3, timeout 4\n"
    refused = "  Non-2xx or 3xx responses: 7\n"
    assert stacks.parse_wrk(WRK + errors + refused) == (5472, 1.01, 17)
    with pytest.raises(DsrlbError, match="no number of requests"):
        stacks.parse_wrk("unable to connect to 10.92.0.1:8080 Connection refused\n")


def test_disturbed_runs_are_made_again() -> None:
    waits = iter([400_000_000, 1_000_000, 0])
    assert loads.undisturbed(lambda: run(1, waited=next(waits))).waited == 1_000_000
    waits = iter([9, 8, 5, 7])
    best = loads.undisturbed(lambda: run(1, waited=next(waits) * 100_000_000))
    assert best.waited == 500_000_000


@pytest.mark.parametrize("variant", [one for one in VARIANTS if one.kind == "dsrlb"])
def test_dsrlb_is_given_ten_reals(variant: Variant) -> None:
    (service,) = parse(dsrlb_config(variant), variant.name).service
    assert (service.mode, service.method) == (variant.mode, variant.method or variant.mode)
    assert len(service.real) == REALS
    assert service.vip == (variant.vip,)
    assert tomllib.loads(dsrlb_config(variant))["balancer"]["interfaces"] == [variant.port]


def test_others_are_given_ten_reals() -> None:
    nft, haproxy = VARIANTS[-2:]
    assert nft_rules(nft).count(" : 10.90.0.") == REALS
    assert haproxy_config(haproxy).count("    server r") == 2 * REALS


def test_variants_do_not_meet() -> None:
    for values in (
        [one.number for one in VARIANTS],
        [one.address for one in VARIANTS],
        [one.vip for one in VARIANTS],
        [one.clients for one in VARIANTS],
        [one.port for one in VARIANTS],
    ):
        assert len(set(values)) == len(VARIANTS)
    assert all(len(one.port) <= 15 for one in VARIANTS)
