# SPDX-License-Identifier: Apache-2.0
"""Who gets the next flow, in which order; and which service a port belongs to."""

from __future__ import annotations

import pytest

from dsrlb.control.desired.contents import Resolution
from tests.packets.cases import flows as f
from tests.packets.cases.flows import TO6_11, TO6_12, TO6_13, TO_11, TO_12, TO_13
from tests.packets.harness import Program
from tests.packets.steps import A, B, C, config, forwarded, refused

WEIGHTED = 'algorithm = "weighted-round-robin"'


@pytest.mark.parametrize(
    ("text", "order"),
    [
        (config(A), [TO_11, TO_11, TO_11]),
        (config(A, B, C), [TO_11, TO_12, TO_13, TO_11, TO_12, TO_13, TO_11]),
        # round robin knows no weights but 0
        (config(A + "\nweight = 3", B), [TO_11, TO_12, TO_11, TO_12]),
        (config(A, B + "\nweight = 0", C), [TO_11, TO_13, TO_11, TO_13]),
        (
            config(A + "\nweight = 3", B, keys=WEIGHTED),
            [TO_11, TO_11, TO_12, TO_11, TO_11, TO_11, TO_12, TO_11],
        ),
        (
            config(A + "\nweight = 2", B + "\nweight = 3", keys=WEIGHTED),
            [TO_12, TO_11, TO_12, TO_11, TO_12, TO_12, TO_11],
        ),
        # common divisors do not matter
        (
            config(A + "\nweight = 100", B + "\nweight = 200", C + "\nweight = 0", keys=WEIGHTED),
            [TO_12, TO_11, TO_12, TO_12, TO_11, TO_12],
        ),
        (
            config(A + "\nweight = 4", B + "\nweight = 2", C + "\nweight = 2", keys=WEIGHTED),
            [TO_11, TO_12, TO_13, TO_11, TO_11, TO_12, TO_13, TO_11],
        ),
    ],
    ids=["one", "three", "weights", "zero", "3-1", "2-3", "100-200-0", "4-2-2"],
)
def test_order(program: Program, text: str, order: list[bytes]) -> None:
    program.configure(text)
    for syn, to in zip(f.SYNS, order, strict=False):
        forwarded(program, syn, to)


def test_order_ipv6_is_its_own(program: Program) -> None:
    """One family does not move the other's turn."""
    program.configure(config(A, B, C))
    forwarded(program, f.SYNS[0], TO_11)
    for syn, to in zip(f.SYNS6, [TO6_11, TO6_12, TO6_13, TO6_11], strict=False):
        forwarded(program, syn, to, head=f.TO_BALANCER6)
    forwarded(program, f.SYNS[1], TO_12)


def test_known_flows_take_no_turn(program: Program) -> None:
    program.configure(config(A, B))
    forwarded(program, f.SYNS[0], TO_11)
    for _ in range(3):
        forwarded(program, f.SYNS[0], TO_11)
        refused(program, f.ACK, "no-flow")
    forwarded(program, f.SYNS[1], TO_12)


def test_unresolved_reals_get_nothing(program: Program) -> None:
    program.configure(config(A, B, C), {"10.0.0.12": Resolution(None, None, False)})
    for syn, to in zip(f.SYNS, [TO_11, TO_13, TO_11, TO_13], strict=False):
        forwarded(program, syn, to)


def test_order_goes_on_after_a_change(program: Program) -> None:
    """The turn is counted on: a change does not start from the first real again."""
    program.configure(config(A, B))
    forwarded(program, f.SYNS[0], TO_11)
    program.configure(config(A, B, C))
    for syn, to in zip(f.SYNS[1:], [TO_12, TO_13, TO_11], strict=False):
        forwarded(program, syn, to)
    program.configure(config(A, B, C + "\nweight = 2", keys=WEIGHTED))  # 13 11 12 13
    for syn, to in zip(f.SYNS[4:], [TO_13, TO_11, TO_12, TO_13], strict=False):
        forwarded(program, syn, to)


def service(name: str, port: str, real: str, weight: int = 1) -> str:
    return f"""
[[service]]
name = "{name}"
vip = "192.0.2.10"
protocol = "tcp"
port = {port}
mode = "l2dsr"
real = [{{ address = "{real}", weight = {weight} }}]
"""


BALANCER = '[balancer]\ninterfaces = ["in0", "out0"]\n'
EXACT = service("exact", "[80, 8050]", "10.0.0.11")
RANGE = service("range", '["8000-8099", "81-83"]', "10.0.0.12")
ANY = service("any", '"any"', "10.0.0.13")
INSIDE = service("inside", "82", "10.0.0.11")


@pytest.mark.parametrize(
    "services", [[EXACT, RANGE, INSIDE, ANY], [ANY, INSIDE, RANGE, EXACT]], ids=["down", "up"]
)
def test_exact_before_range_before_any(program: Program, services: list[str]) -> None:
    program.configure(BALANCER + "".join(services))
    expected = {
        1: TO_13,
        79: TO_13,
        80: TO_11,
        81: TO_12,
        82: TO_11,
        83: TO_12,
        84: TO_13,
        7999: TO_13,
        8000: TO_12,
        8049: TO_12,
        8050: TO_11,
        8051: TO_12,
        8099: TO_12,
        8100: TO_13,
        65535: TO_13,
    }
    for port, to in expected.items():
        forwarded(program, f.SYN_TO[port], to)


def test_range_alone(program: Program) -> None:
    program.configure(BALANCER + RANGE)
    for port in (81, 82, 83, 8000, 8049, 8050, 8051, 8099):
        forwarded(program, f.SYN_TO[port], TO_12)
    for port in (1, 79, 80, 84, 7999, 8100, 65535):
        refused(program, f.SYN_TO[port], "no-service")


def test_more_specific_service_without_reals(program: Program) -> None:
    """It does not fall back to the wider one."""
    empty = service("inside", "82", "10.0.0.11", weight=0)
    program.configure(BALANCER + RANGE + ANY + empty)
    refused(program, f.SYN_TO[82], "no-real")
    forwarded(program, f.SYN_TO[83], TO_12)
