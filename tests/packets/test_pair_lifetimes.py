# SPDX-License-Identifier: Apache-2.0
"""How long flows whose replies come back live: both halves for as long as either side sends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from ipaddress import ip_address

import numpy as np
import pytest

from tests.packets.cases.paired_services import CONFIG, FAR, RESOLUTIONS
from tests.packets.harness import OTHER_LINK, Program
from tests.packets.pair_steps import (
    ACK,
    DATA,
    FIN,
    RST,
    SYN,
    SYN_ACK,
    TCP,
    UDP,
    Connection,
    Place,
    halves,
    pass_time,
    states,
)
from tests.packets.steps import tick
from tests.packets.tables import REVERSE

KINDS = [(mode, family) for mode in ("router", "one-arm") for family in (4, 6)]
IDS = [f"{mode}-ipv{family}" for mode, family in KINDS]
WEB = Place("router", 80, 62, 80, far=True)


@pytest.fixture(scope="module")
def configured(loaded: Program) -> Iterator[Program]:
    """The program with the services of the cases."""
    loaded.link(FAR)
    loaded.configure(CONFIG, RESOLUTIONS)
    yield loaded
    loaded.link(OTHER_LINK)
    loaded.reset()


@pytest.fixture(params=KINDS, ids=IDS)
def tcp(request: pytest.FixtureRequest, configured: Program) -> Connection:
    """A client that has sent nothing."""
    mode, family = request.param
    configured.rewind()
    return Connection(configured, TCP[mode], family, 6)


@pytest.fixture(params=KINDS, ids=IDS)
def udp(request: pytest.FixtureRequest, configured: Program) -> Connection:
    """A client that has sent nothing."""
    mode, family = request.param
    configured.rewind()
    return Connection(configured, UDP[mode], family, 17)


def test_queries_to_a_silent_real_server(udp: Connection) -> None:
    """The answer to the last of them, half a minute later, still finds its way."""
    assert udp.request() == "forwarded"
    source = udp.seen_as
    for _ in range(5):
        pass_time(udp.program, 6)
        assert udp.request() == "forwarded"
        assert udp.seen_as == source
    assert halves(udp.program) == 1
    assert udp.reply() == "forwarded-reply"


def test_repeated_syns(tcp: Connection) -> None:
    assert tcp.request(SYN) == "forwarded"
    source = tcp.seen_as
    for _ in range(5):
        pass_time(tcp.program, 6)
        assert tcp.request(SYN) == "forwarded"
        assert tcp.seen_as == source
    assert tcp.reply(SYN_ACK) == "forwarded-reply"
    assert tcp.request(ACK) == "forwarded"
    assert states(tcp.program) == {f"flows{tcp.family}": ["open"]}


def test_repeated_syn_acks(tcp: Connection) -> None:
    """Of a client that is slow, or gone."""
    assert tcp.request(SYN) == "forwarded"
    for _ in range(5):
        assert tcp.reply(SYN_ACK) == "forwarded-reply"
        pass_time(tcp.program, 6)
    assert tcp.request(ACK) == "forwarded"
    assert states(tcp.program) == {f"flows{tcp.family}": ["open"]}


def test_download(udp: Connection) -> None:
    """The real server alone sends, for longer than the flow's timeout."""
    udp.open()
    for _ in range(5):
        pass_time(udp.program, 40)
        assert udp.reply() == "forwarded-reply"
    assert udp.request() == "forwarded"
    assert states(udp.program) == {f"flows{udp.family}": ["udp"]}


def test_upload(udp: Connection) -> None:
    """The client alone sends, and then the real server once."""
    udp.open()
    source = udp.seen_as
    for _ in range(8):
        pass_time(udp.program, 40)
        assert udp.request() == "forwarded"
    assert udp.seen_as == source
    assert udp.reply() == "forwarded-reply"


@pytest.mark.parametrize("by_real", [False, True], ids=["by-the-client", "by-the-real"])
def test_forged_reset(tcp: Connection, by_real: bool) -> None:
    """The connection goes on, and both halves with it."""
    tcp.open()
    assert tcp.request(DATA) == "forwarded"
    assert tcp.request(RST) == "forwarded"
    assert (tcp.reply(DATA) if by_real else tcp.request(DATA)) in ("forwarded", "forwarded-reply")
    for _ in range(8):
        pass_time(tcp.program, 100)
        assert tcp.request(DATA) == "forwarded"
    assert tcp.reply(DATA) == "forwarded-reply"
    assert states(tcp.program) == {f"flows{tcp.family}": ["data"]}


def test_after_the_timeout(udp: Connection) -> None:
    """Of an expired flow nothing is left, not even for its own client."""
    udp.open()
    pass_time(udp.program, 61)
    assert udp.reply() == ("no-flow" if udp.place.mode == "one-arm" else "pass")
    assert udp.request() == "forwarded"
    assert states(udp.program)[f"pending{udp.family}"] == ["pending"]
    assert udp.reply() == "forwarded-reply"


@pytest.mark.parametrize("opened", [False, True], ids=["pending", "open"])
def test_an_expired_flow_blocks_nobody(tcp: Connection, opened: bool) -> None:
    """Another service of the same real server and port, the same client port."""
    if opened:
        tcp.open()
    else:
        assert tcp.request(SYN) == "forwarded"
    other = Connection(
        tcp.program,
        Place(tcp.place.mode, tcp.place.port + 20, tcp.place.real, 8080, far=tcp.place.far),
        *(tcp.family, 6),
    )
    if tcp.place.mode == "router":
        assert other.request(SYN) == "tuple-taken"
    pass_time(tcp.program, 1000)
    assert other.request(SYN) == "forwarded"
    assert other.reply(SYN_ACK) == "forwarded-reply"
    assert other.request(ACK) == "forwarded"


def test_removed_real_server(tcp: Connection) -> None:
    """Its replies are of no flow; what the client sends goes to another one, whose kernel ends the
    connection (here it is the same, as a new one)."""
    tcp.open()
    program = tcp.program
    index = next(
        real.index
        for identity, real in program.applier.installed.reals.items()
        if str(identity.address) == str(tcp.real) and identity.service.name.endswith("-tcp")
        if f"-{tcp.place.port}-" in identity.service.name
    )
    reals = program.maps["reals"].array
    before = int(reals["generation"][index])
    reals["generation"][index] = before + 1
    try:
        assert tcp.reply(DATA) == "no-flow"
        assert tcp.request(DATA) == "forwarded"
        assert tcp.reply(RST) == "forwarded-reply"
    finally:
        reals["generation"][index] = before


def _mark_expired_halves_gone(program: Program, family: int) -> int:
    """Free reverse halves that have expired, as the reaper does; how many there were."""
    metas = program.tables.sets[family][:, :4]
    now = np.uint64(tick())
    used = (metas & np.uint64(15)) != 0
    gone = used & ((metas & np.uint64(REVERSE)) != 0) & (metas >> np.uint64(32) < now)
    metas[gone] = (metas[gone] + np.uint64(1 << 16)) & np.uint64(0xFFFF0000)
    return int(gone.sum())


def test_a_port_is_not_given_twice_after_the_reaper(configured: Program) -> None:
    """Clients keep asking a silent real server, and others come: the tuples stay apart."""
    configured.rewind()

    def client(number: int) -> Connection:
        source = ip_address(0x0B000000 + number)
        return Connection(configured, UDP["one-arm"], 4, 17, client=source)

    asking = [client(number) for number in range(1000)]
    for one in asking:
        assert one.request() == "forwarded"
    for _ in range(4):
        pass_time(configured, 6)
        for one in asking:
            assert one.request() == "forwarded"
    assert _mark_expired_halves_gone(configured, 4) == 0
    others = [client(number) for number in range(1000, 2000)]
    for one in others:
        assert one.request() == "forwarded"
    ports = Counter(one.seen_as for one in asking + others)
    assert max(ports.values()) == 1


_SMALL = """
[balancer]
interfaces = ["in0", "out0"]
[[service]]
name = "web"
vip = ["192.0.2.10"]
protocol = "tcp"
port = 80
mode = "router"
real = [{ address = ["10.0.0.62"] }]
"""


@pytest.fixture(scope="module")
def small_program() -> Iterator[Program]:
    """Tables that a flood fills."""
    with closing(Program(capacity=4096)) as program:
        program.link(FAR)
        yield program


@pytest.fixture(params=["", 'persistence = "10m"\n'], ids=["plain", "persistent"])
def small(request: pytest.FixtureRequest, small_program: Program) -> Program:
    """With and without the entries of sources."""
    small_program.configure(_SMALL + request.param, RESOLUTIONS)
    small_program.rewind()
    return small_program


def _flood(program: Program, first: int, count: int, answered: bool) -> Counter[str]:
    """SYNs of as many clients, which never go on."""
    seen: Counter[str] = Counter()
    for number in range(first, first + count):
        one = Connection(program, WEB, 4, 6, port=2000, client=ip_address(0x0B000000 + number))
        seen[one.request(SYN)] += 1
        if answered:
            one.reply(SYN_ACK)
    return seen


@pytest.mark.parametrize("answered", [False, True], ids=["unanswered", "answered"])
def test_syn_flood(small: Program, answered: bool) -> None:
    """Handshakes of others succeed all the same, while it goes on, at 300 SYNs a second: there is
    room for 1024 pending flows, and the oldest give way."""
    _flood(small, 0, 4000, answered)
    pass_time(small, 1)
    for number in range(50):
        honest = Connection(small, WEB, 4, 6, port=3000 + number)
        assert honest.request(SYN) == "forwarded"
        _flood(small, 4000 + 120 * number, 60, answered)
        pass_time(small, 0.2)
        assert honest.reply(SYN_ACK) == "forwarded-reply"
        _flood(small, 4060 + 120 * number, 60, answered)
        pass_time(small, 0.2)
        assert honest.request(ACK) == "forwarded"
        assert honest.reply(DATA) == "forwarded-reply"
    main = [state for state in states(small)["flows4"] if state in ("open", "data")]
    assert len(main) == 50


def test_flood_against_open_flows(small: Program) -> None:
    """It pushes out none of them."""
    there = [Connection(small, WEB, 4, 6, port=3000 + number) for number in range(100)]
    for one in there:
        one.open()
        assert one.reply(DATA) == "forwarded-reply"
    _flood(small, 0, 5000, answered=True)
    for one in there:
        assert one.request(DATA) == "forwarded"
        assert one.reply(FIN) == "forwarded-reply"
