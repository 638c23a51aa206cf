# SPDX-License-Identifier: Apache-2.0
"""What docs/FLOWS.md says of the states of flows: every state and every packet, and the stories."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.packets.harness import Program
from tests.packets.steps import (
    ACK,
    CLOSING,
    FIN_ACK,
    IDLE,
    PENDING,
    PSH_ACK,
    RST,
    SYN,
    SYN_ACK,
    UDP_IDLE,
    A,
    B,
    Family,
    age,
    config,
    expiries,
    go,
    opened,
    states,
    stop,
    tick,
)

TCP_STATES = """
| in \\ then comes | SYN | SYN-ACK | ACK | data | FIN | RST |
|---|---|---|---|---|---|---|
| pending | pending | open | open | data | closing | as before |
| unverified | open | open | open | data | closing | reset |
| open | open | open | open | data | closing | reset |
| data | data | data | data | data | closing | reset |
| closing | new | closing | closing | closing | closing | reset |
| reset | new | open | open | data | closing | reset |
"""

UNKNOWN = """
| `on_unknown` | SYN | SYN-ACK | ACK | data | FIN | RST |
|---|---|---|---|---|---|---|
| drop | pending | no-flow | no-flow | no-flow | no-flow | no-flow |
| reset | pending | no-flow | answered-reset | answered-reset | answered-reset | no-flow |
| schedule | pending | no-flow | unverified | unverified | closing | no-flow |
"""

FLAGS = {
    "SYN": SYN,
    "SYN-ACK": SYN_ACK,
    "ACK": ACK,
    "data": PSH_ACK,
    "FIN": FIN_ACK,
    "RST": RST,
}
BEFORE = {
    "pending": ["SYN"],
    "unverified": ["ACK"],
    "open": ["SYN", "ACK"],
    "data": ["SYN", "ACK", "data"],
    "closing": ["SYN", "ACK", "FIN"],
    "reset": ["SYN", "ACK", "RST"],
}
TIMEOUTS = {
    "pending": PENDING,
    "unverified": PENDING,
    "open": IDLE,
    "data": IDLE,
    "closing": CLOSING,
    "reset": CLOSING,
}
LOOSE = 'on_unknown = "schedule"'


def cells(table: str) -> list[tuple[str, str, str]]:
    """(row, column, what stands there)."""
    head, _, *rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in table.strip().splitlines()
    ]
    return [
        (row[0], name, cell) for row in rows for name, cell in zip(head[1:], row[1:], strict=True)
    ]


def packet(v: Family, name: str) -> bytes:
    return v.tcp(FLAGS[name], b"GET /" if name == "data" else b"")


def placed(v: Family, state: str) -> dict[str, list[str]]:
    """The tables with a single flow."""
    return {v.pending if state == "pending" else v.flows: [state]}


@pytest.mark.parametrize(("state", "name", "then"), cells(TCP_STATES))
def test_tcp_state(program: Program, v: Family, state: str, name: str, then: str) -> None:
    """State, table, real server, and the timeout, which begins anew with each packet."""
    program.configure(config(A, B, keys=LOOSE))
    go(program, v, v.to_11, *(packet(v, earlier) for earlier in BEFORE[state]))
    assert states(program) == placed(v, state)
    program.configure(config(A, B))
    half = TIMEOUTS[state] // 2
    age(program, half)
    go(program, v, v.to_12 if then == "new" else v.to_11, packet(v, name))
    after = {"new": "pending", "as before": state}.get(then, then)
    assert states(program) == placed(v, after)
    (expires,) = expiries(program)
    since = expires - TIMEOUTS[after] + (half if then == "as before" else 0)
    assert tick() - 3 <= since <= tick()


@pytest.mark.parametrize(("on_unknown", "name", "then"), cells(UNKNOWN))
def test_without_a_flow(program: Program, v: Family, on_unknown: str, name: str, then: str) -> None:
    program.configure(config(A, B, keys=f'on_unknown = "{on_unknown}"'))
    sent = packet(v, name)
    if then == "no-flow":
        stop(program, v, then, sent)
    elif then == "answered-reset":
        assert program.run(v.head + sent).reason == then  # cases/answers/reset.py has the bytes
    else:
        go(program, v, v.to_11, sent)
        assert states(program) == placed(v, then)
        return
    assert states(program) == {}


def test_the_document_shows_these_tables() -> None:
    text = (Path(__file__).parents[2] / "docs/FLOWS.md").read_text()
    for table in (TCP_STATES, UNKNOWN):
        assert table.strip() in text
    for number in re.findall(r"`(test_\w+)`", text):
        assert number in globals(), number


def test_udp(program: Program, v: Family) -> None:
    program.configure(config(A, B))
    for state, table in (("pending", v.pending), ("udp", v.flows), ("udp", v.flows)):
        go(program, v, v.to_11, v.udp())
        assert states(program) == {table: [state]}
        (expires,) = expiries(program)
        timeout = UDP_IDLE if state == "udp" else TIMEOUTS["pending"]
        assert tick() - 3 <= expires - timeout <= tick()


def test_simultaneous_close(program: Program, v: Family) -> None:
    """Both sides' FINs cross: of the client there is a FIN, and the ACK of the other's."""
    program.configure(config(A, B))
    go(program, v, v.to_11, *opened(v), v.tcp(FIN_ACK), v.tcp(ACK), v.tcp(FIN_ACK))
    assert states(program) == {v.flows: ["closing"]}


def test_half_closed(program: Program, v: Family) -> None:
    """A client that has sent its FIN and still acknowledges what it gets."""
    program.configure(config(A, B))
    go(program, v, v.to_11, *opened(v), v.tcp(FIN_ACK))
    for _ in range(3):
        age(program, CLOSING - 5)
        go(program, v, v.to_11, v.tcp(ACK))
    age(program, CLOSING + 1)
    stop(program, v, "no-flow", v.tcp(ACK))


def test_rst_with_data(program: Program, v: Family) -> None:
    program.configure(config(A, B))
    go(program, v, v.to_11, *opened(v), v.tcp(RST, b"why"))
    assert states(program) == {v.flows: ["reset"]}
    go(program, v, v.to_11, v.tcp(RST | ACK, b"why"))
    assert states(program) == {v.flows: ["reset"]}


def test_fin_with_data(program: Program, v: Family) -> None:
    program.configure(config(A, B))
    go(program, v, v.to_11, *opened(v), v.tcp(FIN_ACK, b"bye"))
    assert states(program) == {v.flows: ["closing"]}


def test_fin_out_of_order(program: Program, v: Family) -> None:
    """Data that the FIN overtook; and a FIN that overtook the end of the handshake."""
    program.configure(config(A, B))
    go(program, v, v.to_11, *opened(v), v.tcp(FIN_ACK), v.tcp(PSH_ACK, b"late"), v.tcp(ACK))
    assert states(program) == {v.flows: ["closing"]}
    program.rewind()
    go(program, v, v.to_11, v.tcp(SYN), v.tcp(FIN_ACK), v.tcp(ACK), v.tcp(PSH_ACK, b"late"))
    assert states(program) == {v.flows: ["closing"]}


@pytest.mark.parametrize("end", [FIN_ACK, RST], ids=["closing", "reset"])
def test_port_reuse(program: Program, v: Family, end: int) -> None:
    program.configure(config(A, B))
    go(program, v, v.to_11, *opened(v), v.tcp(end))
    go(program, v, v.to_12, *opened(v), v.tcp(PSH_ACK, b"GET /"))
    assert states(program) == {v.flows: ["data"]}


def test_port_reuse_on_a_stale_flow(program: Program, v: Family) -> None:
    """Expired flows are none, whether or not they have been removed."""
    program.configure(config(A, B))
    go(program, v, v.to_11, *opened(v))
    age(program, IDLE + 1)
    go(program, v, v.to_12, *opened(v))
    go(program, v, v.to_12, v.tcp(ACK))


def test_client_that_forgot_its_connection(program: Program, v: Family) -> None:
    """Half open: its SYN goes to where the connection is, whose answer it resets (RFC 9293, 3.5.1);
    then it tries again."""
    program.configure(config(A, B))
    go(program, v, v.to_11, *opened(v), v.tcp(PSH_ACK, b"GET /"), v.tcp(SYN), v.tcp(RST))
    go(program, v, v.to_12, *opened(v))


def test_client_that_is_gone(program: Program, v: Family) -> None:
    """Half open the other way: silence until the timeout."""
    program.configure(config(A, B))
    go(program, v, v.to_11, *opened(v))
    age(program, IDLE - 5)
    assert program.counted()
    go(program, v, v.to_11, v.tcp(ACK))
    age(program, IDLE + 1)
    stop(program, v, "no-flow", v.tcp(ACK))


@pytest.mark.parametrize("probe", [b"", b"\0"], ids=["empty", "one-byte"])
def test_keep_alives(program: Program, v: Family, probe: bytes) -> None:
    """Segments that a client sends to be answered (RFC 9293, 3.8.4)."""
    program.configure(config(A, B))
    go(program, v, v.to_11, *opened(v), v.tcp(PSH_ACK, b"GET /"))
    for _ in range(3):
        age(program, IDLE - 5)
        go(program, v, v.to_11, v.tcp(ACK, probe))
        assert states(program) == {v.flows: ["data"]}


def test_syn_with_data(program: Program, v: Family) -> None:
    """TCP Fast Open (RFC 7413): a SYN like any other."""
    program.configure(config(A, B))
    go(program, v, v.to_11, v.tcp(SYN, b"GET /"))
    assert states(program) == {v.pending: ["pending"]}
    go(program, v, v.to_11, v.tcp(ACK))
    assert states(program) == {v.flows: ["open"]}


def test_forged_rst(program: Program, v: Family) -> None:
    """It ends neither a handshake nor a connection."""
    program.configure(config(A, B))
    go(program, v, v.to_11, v.tcp(SYN), v.tcp(RST), v.tcp(ACK), v.tcp(RST), v.tcp(PSH_ACK, b"GET"))
    assert states(program) == {v.flows: ["data"]}


def test_handshake_answered_by_nobody(program: Program, v: Family) -> None:
    """Every repetition of the SYN goes to the same real server, as long as they come in time."""
    program.configure(config(A, B))
    for _ in range(3):
        go(program, v, v.to_11, v.tcp(SYN))
        age(program, PENDING - 5)
    go(program, v, v.to_11, v.tcp(SYN))
    age(program, PENDING + 1)
    go(program, v, v.to_12, v.tcp(SYN))


def test_reset_answer_leaves_nothing(program: Program, v: Family) -> None:
    program.configure(config(A, B, keys='on_unknown = "reset"'))
    for name in ("ACK", "data", "FIN"):
        assert program.run(v.head + packet(v, name)).reason == "answered-reset"
        assert states(program) == {}
    go(program, v, v.to_11, *opened(v), v.tcp(FIN_ACK), v.tcp(ACK))
