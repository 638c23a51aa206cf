# SPDX-License-Identifier: Apache-2.0
"""New flows when the daemon is silent (balancer.fail_open); those that there are go on."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from dsrlb.control.desired.real import TICK_NS
from dsrlb.control.maps.silence import word
from tests.packets.cases import silent as cases
from tests.packets.cases.case import Case
from tests.packets.evidence import check
from tests.packets.harness import Program
from tests.packets.steps import (
    ACK,
    PSH_ACK,
    RST,
    SYN,
    A,
    Family,
    config,
    go,
    opened,
    refused,
    states,
    stop,
)
from tests.packets.test_empty import MODES, error, passed

LIMIT = 30


def hear(program: Program, seconds: float, what: str = "pass", limit: int = LIMIT) -> None:
    """The daemon was there so many seconds ago."""
    now = time.monotonic_ns() - int(seconds * 1e9)
    program.maps["heard"].array[0] = word(limit, what == "drop", now)


@pytest.fixture(autouse=True)
def heard(program: Program) -> Iterator[None]:
    """Other tests know nothing of it."""
    yield
    program.maps["heard"].array[0] = 0


@pytest.mark.parametrize("case", cases.ALL, ids=lambda case: case.id)
def test_case(program: Program, case: Case) -> None:
    program.configure(config(A, keys='on_unknown = "schedule"'))
    hear(program, LIMIT + 1, "drop")
    check(case.id, case.sent, case.outcome, program.run(case.sent))


@pytest.mark.parametrize("algorithm", ["round-robin", "least-connection", "maglev", "hash"])
def test_new_flows_are_the_kernels(program: Program, v: Family, algorithm: str) -> None:
    program.configure(config(A, keys=f'algorithm = "{algorithm}"\non_unknown = "schedule"'))
    hear(program, LIMIT + 1)
    passed(program, v, v.tcp(SYN), v.tcp(ACK), v.tcp(PSH_ACK), v.tcp(RST), v.udp())
    assert states(program) == {}
    assert program.loads() == {}


def test_or_they_are_lost(program: Program, v: Family) -> None:
    program.configure(config(A, keys='on_unknown = "reset"'))
    hear(program, LIMIT + 1, "drop")
    stop(program, v, "silent", v.tcp(SYN), v.tcp(ACK), v.udp())
    assert states(program) == {}


@pytest.mark.parametrize("what", ["pass", "drop"])
def test_flows_go_on(program: Program, v: Family, what: str) -> None:
    """Open ones, and those that had begun."""
    program.configure(config(A))
    go(program, v, v.to_11, *opened(v), v.tcp(SYN, sport=1001), v.udp(), v.udp())
    hear(program, LIMIT + 1, what)
    go(program, v, v.to_11, v.tcp(PSH_ACK), v.tcp(SYN, sport=1001), v.tcp(ACK, sport=1001), v.udp())
    go(program, v, v.to_11, v.tcp(PSH_ACK, sport=1001))


def test_as_long_as_it_is_heard(program: Program, v: Family) -> None:
    program.configure(config(A))
    hear(program, LIMIT - 1)
    go(program, v, v.to_11, *opened(v), v.udp())
    hear(program, LIMIT + 1)
    passed(program, v, v.tcp(SYN, sport=1001))
    hear(program, 0)
    go(program, v, v.to_11, *opened(v, 1001))


def test_without_the_key_nobody_listens(program: Program, v: Family) -> None:
    program.configure(config(A))
    hear(program, 1_000_000, limit=0)
    assert int(program.maps["heard"].array[0]) == 0
    go(program, v, v.to_11, *opened(v))


def test_ticks_wrap_around(program: Program, v: Family) -> None:
    """Once in eighteen years. A tick in the future is one that was written just now."""
    program.configure(config(A))
    hear(program, 0)
    present = int(program.maps["heard"].array[0])
    now = time.monotonic_ns() // TICK_NS & 0xFFFFFFFF
    limit = present >> 32 << 32
    program.maps["heard"].array[0] = limit | (now + 2) & 0xFFFFFFFF
    go(program, v, v.to_11, *opened(v))
    program.maps["heard"].array[0] = limit | (now - (1 << 30)) & 0xFFFFFFFF
    passed(program, v, v.tcp(SYN, sport=1001))


def test_others_are_told_nothing(program: Program, v: Family) -> None:
    """A port without a service is none all the same."""
    program.configure(config(A))
    hear(program, LIMIT + 1)
    refused(program, v.tcp(SYN, dport=81), "no-service", head=v.head)


def test_icmp_errors(program: Program, v: Family) -> None:
    program.configure(config(A))
    hear(program, LIMIT + 1)
    passed(program, v, error(v, 80))
    hear(program, LIMIT + 1, "drop")
    stop(program, v, "icmp-error", error(v, 80))


@pytest.mark.parametrize(("mode", "more"), MODES, ids=lambda part: part[-12:].strip('"'))
def test_other_modes(program: Program, v: Family, mode: str, more: str) -> None:
    program.configure(config(A, keys=more).replace('mode = "l2dsr"', f'mode = "{mode}"', 1))
    hear(program, LIMIT + 1)
    passed(program, v, v.tcp(SYN), v.tcp(ACK))
    hear(program, LIMIT + 1, "drop")
    stop(program, v, "silent", v.tcp(SYN))
    assert states(program) == {}
