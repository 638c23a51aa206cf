# SPDX-License-Identifier: Apache-2.0
"""What a CPU knows by heart of flows whose replies come back: of both directions."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.packets import generate
from tests.packets.cached import drop_all, good, on_cpu
from tests.packets.cases.paired_services import CONFIG, RESOLUTIONS
from tests.packets.harness import Program, mac_of
from tests.packets.pair_steps import DATA, FIN, RST, SYN, SYN_ACK, TCP, Connection


@pytest.fixture(autouse=True)
def on_one_cpu() -> Iterator[None]:
    """What one CPU knows another one does not."""
    with on_cpu(min(os.sched_getaffinity(0))):
        yield


def both_known(program: Program, mode: str, family: int) -> Connection:
    """A connection both of whose directions are known by heart."""
    program.configure(CONFIG, RESOLUTIONS)
    made = Connection(program, TCP[mode], family, 6)
    made.open()
    for _ in range(2):
        assert (made.request(DATA), made.reply(DATA)) == ("forwarded", "forwarded-reply")
    assert good(program, family) == 2
    return made


@pytest.fixture(params=[4, 6], ids=["ipv4", "ipv6"])
def pair(program: Program, request: pytest.FixtureRequest) -> Connection:
    """One through a pool."""
    return both_known(program, "one-arm", request.param)


def test_replies_are_known(pair: Connection) -> None:
    pair.program.tables.sets[pair.family][:, :4] = 0
    assert (pair.request(DATA), pair.reply(DATA)) == ("forwarded", "forwarded-reply")
    pair.program.tables.forget_copies()
    assert (pair.request(DATA), pair.reply(DATA)) == ("no-flow", "no-flow")


@pytest.mark.parametrize("reverse", [False, True], ids=["flow", "reverse half"])
def test_halves_end_together(pair: Connection, reverse: bool) -> None:
    drop_all(pair.program, pair.family, reverse=reverse)
    assert good(pair.program, pair.family) == 0
    assert pair.reply(DATA) == "no-flow"
    assert pair.request(DATA) == ("forwarded" if reverse else "no-flow")


def test_a_fin_ends_what_is_known_of_replies(pair: Connection) -> None:
    assert pair.request(FIN) == "forwarded"
    assert good(pair.program, pair.family) == 0
    assert pair.reply(DATA) == "forwarded-reply"


@pytest.mark.parametrize("family", [4, 6], ids=["ipv4", "ipv6"])
def test_a_reverse_half_that_was_opened_by_a_fin(program: Program, family: int) -> None:
    """It stays `closing`, also when its flow goes on: what is known of it is forgotten with it."""
    program.configure(CONFIG, RESOLUTIONS)
    made = Connection(program, TCP["one-arm"], family, 6)
    assert (made.request(SYN), made.reply(SYN_ACK)) == ("forwarded", "forwarded-reply")
    for flags in (FIN, RST, DATA, DATA):
        assert made.request(flags) == "forwarded"
    for _ in range(2):
        assert made.reply(DATA) == "forwarded-reply"
    assert good(program, family) == 2
    drop_all(program, family, reverse=True)
    assert good(program, family) == 0
    assert made.reply(DATA) == "no-flow"


@pytest.mark.parametrize("family", [4, 6], ids=["ipv4", "ipv6"])
def test_a_reply_to_another_station(program: Program, family: int) -> None:
    """Known by heart or not: only what comes to the balancer's MAC address is for it."""
    made = both_known(program, "nat", family)
    client, port = made.seen_as
    message = generate.tcp(made.place.real_port, port, DATA, b"!")
    macs = bytes.fromhex("020000000099"), mac_of(str(made.real))
    assert made._run(made.real, client, message, 2, macs).reason == "pass"
    assert made.reply(DATA) == "forwarded-reply"
