# SPDX-License-Identifier: Apache-2.0
"""The network changes under the balancer: MAC addresses, reals that are silent, interfaces."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from tests import scale
from tests.lab.instance import Instance, config, real
from tests.lab.plain import PORT, VIPS, Plain, addresses
from tests.lab.traffic import Load, ask, connect, request, serves
from tests.waiting import wait_until

NEW_MAC = "02:00:00:00:78:11"
FOLLOWED_SECONDS = 1.0
SILENT_SECONDS = 5.0  # docs/MODES.md promises less than 3; the machine may be busy


def _macs(balancer: Instance, host: str) -> set[str]:
    """Where frames for a host go, both families."""
    return {row["mac"] for row in balancer.get("/macs") if row["address"] in addresses(host)}


def _settled(plain: Plain) -> bool:
    """Are the balancer's neighbour entries older than their locktime, for which the kernel
    believes no other answer (net.ipv4.neigh.IF.locktime, 1 s)?"""
    shown = json.loads(plain.lb.run("ip", "-statistics", "-json", "neigh", "show"))
    ages = [entry["updated"] for entry in shown if entry["dst"] in addresses("r1")]
    return len(ages) == 2 and min(ages) >= 2


def _set_address(plain: Plain) -> None:
    plain.r1.batch(f"link set eth0 address {NEW_MAC}")


def _replace_interface(plain: Plain) -> None:
    plain.unplug("r1")
    plain.plug("r1", NEW_MAC)
    plain.wait_forwarding("r1")


@pytest.mark.parametrize("change", [_set_address, _replace_interface])
def test_changed_mac_is_followed(
    plain: Plain, balancer: Instance, change: Callable[[Plain], None]
) -> None:
    balancer.start(config())
    with ExitStack() as stack:
        lasting = [_to_r1(plain, vip, stack) for vip in VIPS]
        before = plain.r1.mac()
        assert _macs(balancer, "r1") == {before}
        wait_until("neighbours have settled", lambda: _settled(plain))
        change(plain)
        began = time.monotonic()
        wait_until("new MAC in use", lambda: _macs(balancer, "r1") == {NEW_MAC})
        assert time.monotonic() - began < FOLLOWED_SECONDS
        assert {r["mac"] for r in balancer.get("/reals") if r["address"] in addresses("r1")} == {
            NEW_MAC
        }
        for vip in VIPS:
            assert request(plain.client, vip, count=4) == {"r1": 2, "r2": 2}
        assert [ask(connection) for connection in lasting] == ["r1", "r1"]
    for address in addresses("r1"):
        balancer.wait_event(f"{address} moved from {before} to {NEW_MAC}")


def _to_r1(plain: Plain, vip: str, stack: ExitStack) -> socket.socket:
    """An open connection that r1 serves; round robin gives it at the second try at the latest."""
    for _ in range(2):
        connection = stack.enter_context(connect(plain.client, vip))
        if ask(connection) == "r1":
            return connection
    raise AssertionError("r1 serves nothing")


@pytest.mark.lasting
def test_silent_real_gets_no_flow_and_says_why(plain: Plain, balancer: Instance) -> None:
    silent = '[[group.real]]\naddress = ["10.78.0.13", "fd78::13"]\n'
    balancer.serve(config([real("r1"), silent, real("r2")]))
    rows = {(row["service"], row["address"]): row for row in balancer.get("/reals")}
    for address, question in (("10.78.0.13", "ARP"), ("fd78::13", "neighbour solicitation")):
        row = rows["web", address]
        assert row["state"] == "unresolved"
        assert question in row["reason"]
        assert row["mac"] is None
    assert {(r["reals_up"], r["reals"]) for r in balancer.get("/services")} == {(2, 3)}
    for vip in VIPS:
        for protocol in ("tcp", "udp"):
            answered = request(plain.client, vip, protocol, 12)
            assert set(answered) == {"r1", "r2"}
            assert answered.total() == 12
    for row in balancer.get("/reals"):
        assert (row["new"] == 0) == (row["state"] == "unresolved")


def _states(balancer: Instance, host: str) -> set[tuple[str, str]]:
    """(state, reason) of a host's rows."""
    rows = balancer.get("/reals")
    return {(row["state"], row["reason"]) for row in rows if row["address"] in addresses(host)}


def _channel(plain: Plain, vip: str) -> socket.socket:
    """A UDP socket of the client: one flow."""
    family = socket.AF_INET6 if ":" in vip else socket.AF_INET

    def make() -> socket.socket:
        channel = socket.socket(family, socket.SOCK_DGRAM)
        channel.settimeout(2)
        channel.connect((vip, PORT))
        return channel

    return plain.client.call(make)


def _who(channel: socket.socket) -> str:
    channel.send(b"who")
    return channel.recv(100).decode()


def _channels_to_r1(plain: Plain, stack: ExitStack) -> list[socket.socket]:
    """A UDP flow in use per VIP, on r1; round robin gives it one of any two in a row."""
    found = []
    for vip in VIPS:
        pair = [stack.enter_context(_channel(plain, vip)) for _ in range(2)]
        found += [channel for channel in pair if _who(channel) == "r1"]
    assert [_who(channel) for channel in found] == ["r1", "r1"]
    return found


@pytest.mark.lasting
def test_dead_real_is_found_and_left_soon(plain: Plain, balancer: Instance) -> None:
    """UDP flows go on with the other real; new ones, too; open connections wait for theirs."""
    balancer.serve(config())
    with ExitStack() as stack:
        lasting = [_to_r1(plain, vip, stack) for vip in VIPS]
        flows = _channels_to_r1(plain, stack)
        plain.r1.batch("link set eth0 down")
        began = time.monotonic()
        unresolved = {
            ("unresolved", f"no answer to {question} on eth0")
            for question in ("ARP", "neighbour solicitation")
        }
        wait_until("r1 is silent", lambda: _states(balancer, "r1") == unresolved)
        assert time.monotonic() - began < SILENT_SECONDS
        wait_until("the maps say so", lambda: balancer.count_up() == 4)
        assert [_who(channel) for channel in flows] == ["r2", "r2"]
        for vip in VIPS:
            assert request(plain.client, vip, count=3) == {"r2": 3}
        assert _states(balancer, "r2") == {("up", "")}
        plain.r1.batch("link set eth0 up")
        wait_until("r1 is up again", lambda: balancer.count_up() == 8)
        assert [ask(connection) for connection in lasting] == ["r1", "r1"]
        assert [_who(channel) for channel in flows] == ["r2", "r2"]  # they do not come back
        for vip in VIPS:
            assert request(plain.client, vip, count=4) == {"r1": 2, "r2": 2}


@pytest.mark.lasting
@pytest.mark.parametrize("vip", VIPS)
def test_handshake_with_a_dead_real_is_moved(plain: Plain, balancer: Instance, vip: str) -> None:
    """A SYN that went to a real which is found dead: its repetition goes to another."""
    balancer.serve(config())
    plain.r1.batch("link set eth0 down")

    def patient() -> str:
        with socket.create_connection((vip, PORT), timeout=10) as connection:
            return ask(connection)

    try:
        assert [plain.client.call(patient) for _ in range(2)] == ["r2", "r2"]
    finally:
        plain.r1.batch("link set eth0 up")
    new = {row["address"]: row["new"] for row in balancer.get("/reals") if row["service"] == "web"}
    alone, dead = (
        next(new[address] for address in addresses(host) if (":" in address) == (":" in vip))
        for host in ("r2", "r1")
    )
    assert (alone, dead) == (2, 1)  # two connections, one of which began at r1


@pytest.mark.soak
@pytest.mark.lasting
def test_living_reals_stay(plain: Plain, balancer: Instance, load: Load) -> None:
    """Nobody is taken for dead while traffic runs, nor does the kernel's table change for it."""
    balancer.serve(config())
    last = balancer.get("/events")[-1]["id"]
    load.start()
    load.lasts(scale.count("lab_load_seconds"))
    load.stop()
    assert load.errors == []
    assert [row for row in balancer.get(f"/events?since={last}") if row["kind"] == "mac"] == []


@pytest.mark.lasting
@pytest.mark.parametrize("weight", [0, 1])
def test_restart_knows_every_mac_that_flows_need(
    plain: Plain, balancer: Instance, weight: int
) -> None:
    """Of a drained real and of one that does not answer, when the kernel has forgotten both."""
    balancer.serve(config([real("r1", f"weight = {weight}"), real("r2")]), up=4)
    known = {plain.r1.mac()}
    assert _macs(balancer, "r1") == known
    if weight == 0:
        balancer.kill()
        plain.r1.batch("link set eth0 down")
    else:
        plain.r1.batch("link set eth0 down")
        wait_until("r1 is silent", lambda: balancer.count_up() == 4)
        balancer.kill()
    plain.lb.run("ip", "neigh", "flush", "all")
    balancer.start(up=4)
    assert _macs(balancer, "r1") == known
    wait_until(
        "r1 is known to be silent",
        lambda: {state for state, _ in _states(balancer, "r1")} == {"unresolved"},
    )
    assert _macs(balancer, "r1") == known
    plain.r1.batch("link set eth0 up")


def test_real_that_appears_is_used(plain: Plain, balancer: Instance) -> None:
    plain.unplug("r2")
    balancer.start(config(), up=4)
    for vip in VIPS:
        assert request(plain.client, vip, count=4) == {"r1": 4}
    plain.plug("r2")
    wait_until("both reals are up", lambda: balancer.count_up() == 8)
    for vip in VIPS:
        assert request(plain.client, vip, count=4) == {"r1": 2, "r2": 2}


def test_no_real_at_all_is_a_counted_reason(plain: Plain, balancer: Instance) -> None:
    plain.unplug("r1")
    plain.unplug("r2")
    balancer.start(config(), up=0)

    def dropped() -> int:
        reasons = balancer.get("/stats")[0]["reasons"]
        return int(reasons["no-real"]) + int(reasons["unresolved"])

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM):
        plain.client.call(_send, VIPS[0])
    wait_until("the drop is counted", dropped)


def _send(vip: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.sendto(b"who", (vip, 8000))


@pytest.mark.lasting
def test_static_mac(plain: Plain, balancer: Instance) -> None:
    """Nobody answers for the third real; its frames go to r1 because the file says so."""
    fixed = f'[[group.real]]\naddress = ["10.78.0.13", "fd78::13"]\nmac = "{plain.r1.mac()}"\n'
    balancer.serve(config([real("r1"), real("r2"), fixed]), up=12)
    for vip in VIPS:
        assert request(plain.client, vip, count=9) == {"r1": 6, "r2": 3}
    rows = [row for row in balancer.get("/macs") if row["address"] in ("10.78.0.13", "fd78::13")]
    assert {(row["mac"], row["source"], row["state"]) for row in rows} == {
        (plain.r1.mac(), "static", "resolved")
    }


def test_interface_goes_and_comes_back(plain: Plain, balancer: Instance) -> None:
    balancer.start(config())
    assert serves(plain.client)
    plain.unplug("lb")
    balancer.wait_event("eth0 is not there")
    (interface,) = balancer.get("/status")["interfaces"]
    assert interface["state"] == "detached"
    assert "not there" in interface["reason"]
    assert balancer.dsrlb("status").returncode == 0
    for row in balancer.get("/reals"):
        assert row["state"] == "unresolved"
    plain.plug("lb")
    wait_until("serving again", lambda: serves(plain.client), 10)
    (interface,) = balancer.get("/status")["interfaces"]
    assert (interface["state"], interface["reason"]) == ("attached", "")
    for vip in VIPS:
        assert request(plain.client, vip, "udp", 4) == {"r1": 2, "r2": 2}


def test_interface_replaced_while_no_daemon_runs(plain: Plain, balancer: Instance) -> None:
    balancer.start(config())
    balancer.kill()
    plain.unplug("lb")
    plain.plug("lb")
    balancer.start()
    assert serves(plain.client)


@pytest.mark.lasting
def test_link_down_and_up(plain: Plain, balancer: Instance) -> None:
    balancer.serve(config())
    plain.lb.batch("link set eth0 down")
    wait_until("no real is up", lambda: balancer.count_up() == 0)
    for row in balancer.get("/reals"):
        assert row["reason"], row
    plain.lb.batch("link set eth0 up")
    wait_until("serving again", lambda: serves(plain.client))
    wait_until("all reals are up", lambda: balancer.count_up() == 8)


@pytest.mark.lasting
def test_balancers_own_mac_changes(plain: Plain, balancer: Instance) -> None:
    """The clients learn it from a new announcement."""
    balancer.serve(config())
    assert serves(plain.client)
    before = plain.lb.mac()
    for mac in (NEW_MAC, before):
        plain.lb.batch(f"link set eth0 address {mac}")
        wait_until("serving again", lambda: serves(plain.client))


@pytest.mark.lasting
def test_program_taken_off_by_somebody(plain: Plain, balancer: Instance) -> None:
    balancer.serve(config())
    plain.lb.batch("link set eth0 xdpgeneric off")
    balancer.wait_event("taken off eth0 by somebody else")
    (interface,) = balancer.get("/status")["interfaces"]
    assert interface["state"] == "detached"
    assert balancer.get("/stats")[0]["attached"] is False
    assert balancer.stop() == 0
    balancer.start()
    assert serves(plain.client)
