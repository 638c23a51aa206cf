# SPDX-License-Identifier: Apache-2.0
"""Decapsulation on a real server without a network: the kernel's devices, and who is chosen."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest

from dsrlb.dataplane.decap import GUE, IPIP, Tables
from dsrlb.errors import NetError
from dsrlb.net.links import Link
from dsrlb.realserver import Command, Request, decapsulation, program, steps, tunnels
from dsrlb.realserver.program import Attach, Detach, Running
from dsrlb.realserver.state import Entry
from dsrlb.realserver.steps import Assigned, Host
from dsrlb.realserver.tunnels import Tunnels
from tests.unit.realserver.hosts import REAL4, REAL6, VIP4, VIP6

SECOND4, INNER = ip_address("10.0.0.3"), ip_address("127.0.0.42")
HOST = Host(
    {"lo": True, "eth0": True}, {REAL4: (Assigned("eth0", 24),)}, {"lo": 65536, "eth0": 1500}
)
BOTH = Request("ipip", (VIP4, VIP6))
GUE_BOTH = Request("gue", (VIP4, VIP6))
LINK = Link(2, "eth0", "02:00:00:00:00:01", 1500, True, "", "virtio_net", None, None)


@pytest.fixture(autouse=True)
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A /proc/sys of this test's own."""
    monkeypatch.setattr(steps, "PROC_SYS", tmp_path)
    return tmp_path


def commands(request: Request, *own: steps.IPAddress, there: Tunnels | None = None) -> list[str]:
    """What setup would do, as text."""
    pieces = tunnels.pieces(request, own, HOST, there or Tunnels())
    return [step.shell() for piece in pieces if not piece.ok for step in piece.steps]


def device(name: str, kind: str, mode: str, local: object, *, ipv4: bool = True) -> list[str]:
    """The commands for one device."""
    inside = [f"ip address add 127.0.0.42/32 dev {name} scope host"] if ipv4 else []
    loose = [f"sysctl -w net.ipv4.conf.{name}.rp_filter=2"] if ipv4 else []
    add = f"ip link add {name} type {kind} mode {mode} local {local}"
    return [add, *inside, f"ip link set {name} up", *loose]


def test_devices_of_the_same_family() -> None:
    assert commands(BOTH, REAL4, REAL6) == [
        *device("dsrlb-ipip4", "ipip", "any", REAL4),
        *device("dsrlb-ip6tnl", "ip6tnl", "any", REAL6, ipv4=False),
    ]


def test_devices_of_the_other_family() -> None:
    assert commands(BOTH, REAL4) == [
        *device("dsrlb-ipip4", "ipip", "any", REAL4),
        *device("dsrlb-sit", "sit", "ip6ip", REAL4, ipv4=False),
    ]
    assert commands(BOTH, REAL6) == device("dsrlb-ip6tnl", "ip6tnl", "any", REAL6)


def test_each_own_address_has_its_device() -> None:
    assert commands(Request("ipip", (VIP4,)), REAL4, SECOND4) == [
        *device("dsrlb-ipip4", "ipip", "any", REAL4),
        *device("dsrlb-ipip4-2", "ipip", "any", SECOND4),
    ]


def test_gue_opens_a_port_of_each_outer_family() -> None:
    assert [line for line in commands(GUE_BOTH, REAL4, REAL6) if "fou" in line] == [
        "ip fou add port 6080 gue",
        "ip fou add port 6080 gue -6",
    ]
    assert [line for line in commands(GUE_BOTH, REAL4) if "fou" in line] == [
        "ip fou add port 6080 gue"
    ]


def ready(proc: Path) -> Host:
    """A host on which the device works."""
    setting = proc / "net/ipv4/conf/dsrlb-ipip4/rp_filter"
    setting.parent.mkdir(parents=True)
    setting.write_text("2\n")
    up = {**HOST.up, "dsrlb-ipip4": True}
    inner = (Assigned("dsrlb-ipip4", 32, False),)
    return replace(HOST, up=up, addresses={**HOST.addresses, INNER: inner})


THERE = Tunnels({"dsrlb-ipip4": ("ipip", REAL4)}, frozenset({"inet 6080"}))
ONE = Request("gue", (VIP4,))


def test_a_device_that_works_is_named(proc: Path) -> None:
    device, port = tunnels.pieces(ONE, (REAL4,), ready(proc), THERE)
    assert (device.ok, device.value) == (True, "kernel device dsrlb-ipip4 for 10.0.0.2")
    assert (port.ok, port.name) == (True, "GUE port 6080 (inet)")


def test_what_a_device_lacks_is_mended(proc: Path) -> None:
    host = ready(proc)
    down = replace(host, up={**host.up, "dsrlb-ipip4": False})
    without = replace(host, addresses=HOST.addresses)
    found = {}
    for lacking in (down, without):
        piece = tunnels.pieces(ONE, (REAL4,), lacking, THERE)[0]
        found[piece.value.rpartition(": ")[2]] = [step.shell() for step in piece.steps]
    (proc / "net/ipv4/conf/dsrlb-ipip4/rp_filter").write_text("1\n")
    piece = tunnels.pieces(ONE, (REAL4,), host, THERE)[0]
    found[piece.value.rpartition(": ")[2]] = [step.shell() for step in piece.steps]
    assert found == {
        "down": ["ip link set dsrlb-ipip4 up"],
        "no address": ["ip address add 127.0.0.42/32 dev dsrlb-ipip4 scope host"],
        "rp_filter": ["sysctl -w net.ipv4.conf.dsrlb-ipip4.rp_filter=2"],
    }


LINKS = [
    {"ifname": "lo"},
    {},
    {
        "ifname": "dsrlb-ipip4",
        "linkinfo": {"info_kind": "ipip", "info_data": {"remote": "any", "local": "10.0.0.2"}},
    },
    {"ifname": "tunl0", "linkinfo": {"info_kind": "ipip", "info_data": {"local": "any"}}},
    {"ifname": "dsrlb-sit", "linkinfo": {"info_kind": "sit", "info_data": {"local": "any"}}},
    {"ifname": "dsrlb-ipip4x", "linkinfo": {"info_kind": "veth"}},
]
PORTS = [
    {"port": 6080, "gue": None, "family": "inet"},
    {"port": 6080, "gue": None, "family": "inet6"},
    {"port": 5555, "ipproto": 4, "family": "inet"},
]


def answer(arguments: Sequence[str]) -> str:
    """What `ip` prints on a host with our device."""
    return json.dumps(PORTS if "fou" in arguments else LINKS)


def test_devices_and_ports_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tunnels, "output", answer)
    found = tunnels.read()
    assert found.devices == {"dsrlb-ipip4": ("ipip", REAL4)}
    assert found.ports == {"inet 6080", "inet6 6080"}


def test_a_kernel_without_gue_has_no_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(arguments: Sequence[str]) -> str:
        if "fou" in arguments:
            raise NetError("ip fou show: RTNETLINK answers: No such file or directory")
        return "[]"

    monkeypatch.setattr(tunnels, "output", refuse)
    assert tunnels.read() == Tunnels()


def test_everything_is_taken_back() -> None:
    assert [step.shell() for step in tunnels.removal(THERE)] == ["ip link del dsrlb-ipip4"]
    there = replace(THERE, ports=frozenset({"inet 6080", "inet6 6080", "inet 7000"}))
    closed = tunnels.closing(["inet 6080", "inet6 6080", "inet 9"], there)
    assert [step.shell() for step in closed] == [
        "ip fou del port 6080",
        "ip fou del port 6080 -6",
    ]
    pieces = tunnels.pieces(GUE_BOTH, (REAL4, REAL6), HOST, Tunnels())
    made = [tunnels.port_of(step) for piece in pieces for step in piece.steps]
    assert [port for port in made if port] == ["inet 6080", "inet6 6080"]


class Kernel:
    """What decapsulation.choose() finds, and what it tries."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.tried: list[list[str]] = []
        self.words = ""
        self.running: Running | None = None
        self.tunnels = Tunnels()
        monkeypatch.setattr(program, "running", lambda: self.running)
        monkeypatch.setattr(program, "list_links", lambda: {"eth0": LINK})
        monkeypatch.setattr(tunnels, "read", lambda: self.tunnels)
        monkeypatch.setattr(tunnels, "trial", self._trial)

    def _trial(self, wanted: Sequence[steps.Step]) -> str:
        self.tried.append([step.shell() for step in wanted if isinstance(step, Command)])
        return self.words

    def choose(self, *, may_try: bool = True, host: Host = HOST) -> decapsulation.Choice:
        entries = [Entry(str(VIP4), "gue", (str(REAL4),), ("eth0",), 6080)]
        return decapsulation.choose(ONE, (REAL4,), host, entries, (), may_try=may_try)


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    """A kernel with devices, none of them ours yet."""
    return Kernel(monkeypatch)


def test_devices_are_chosen_where_they_can_be(kernel: Kernel) -> None:
    choice = kernel.choose()
    (tried,) = kernel.tried
    assert tried == [
        "ip link add dsrlb-ipip4 type ipip mode any local 10.0.0.2",
        "ip address add 127.0.0.42/32 dev dsrlb-ipip4 scope host",
        "ip link set dsrlb-ipip4 up",
        "ip fou add port 6080 gue",
    ]
    assert [piece.value for piece in choice.pieces] == [
        "kernel device dsrlb-ipip4 for 10.0.0.2: missing",
        "closed",
    ]
    assert choice.notes == ()


def test_the_program_is_chosen_where_they_cannot(kernel: Kernel) -> None:
    kernel.words = "Unknown device type."
    choice = kernel.choose()
    assert "Unknown device type." in choice.notes[0]
    wanted = Tables({VIP4: GUE}, frozenset({REAL4}), 6080)
    assert {step for piece in choice.pieces for step in _attached(piece.steps, wanted)} == {"eth0"}
    assert [piece.name for piece in choice.pieces] == [
        "decapsulation",
        "GUE port 6080",
        "192.0.2.10 by gue",
        "envelopes to 10.0.0.2",
    ]


def _attached(found: Sequence[steps.Step], wanted: Tables) -> list[str]:
    """The interfaces of steps that are all the same."""
    assert list(found) == [Attach(("eth0",), wanted)]
    return ["eth0"]


def test_nothing_is_tried_by_a_check(kernel: Kernel) -> None:
    (piece,) = kernel.choose(may_try=False).pieces
    assert (piece.ok, piece.value) == (False, "missing")
    assert kernel.tried == []


def test_what_works_is_not_tried_again(kernel: Kernel, proc: Path) -> None:
    kernel.tunnels = THERE
    assert all(piece.ok for piece in kernel.choose(host=ready(proc)).pieces)
    assert kernel.tried == []


def test_what_nobody_needs_is_undone(kernel: Kernel) -> None:
    kernel.tunnels = THERE
    kernel.running = Running(
        {"eth0": "generic", "eth1": "native"},
        Tables({VIP4: GUE | IPIP, VIP6: IPIP}, frozenset({REAL4, REAL6}), 6080),
    )
    gue = Entry(str(VIP4), "gue", (str(REAL4),), ("eth0",), 6080)
    ipip = Entry(str(VIP6), "ipip", (str(REAL4),), ("eth1",))
    ports = ["inet 6080"]
    assert decapsulation.undoing([], [gue, ipip], ports) == []
    assert decapsulation.undoing([gue], [ipip], ports) == [
        Detach((("eth0", "generic"),)),
        Attach(("eth1",), Tables({VIP6: IPIP}, frozenset({REAL4}), 0)),
        Command(("ip", "fou", "del", "port", "6080")),
    ]
    assert ports == []
    everything = decapsulation.undoing([gue, ipip], [], ["inet 6080"])
    assert everything[0] == Detach((("eth0", "generic"), ("eth1", "native")))
    assert everything[0].shell() == (
        "ip link set dev eth0 xdpgeneric off; ip link set dev eth1 xdpdrv off"
    )
    assert [step.shell() for step in everything[1:]] == [
        "ip link del dsrlb-ipip4",
        "ip fou del port 6080",
    ]


def test_a_vlan_is_served_from_below(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one in one; and a veth's other end is not below it."""
    links = {
        "eth0": LINK,
        "eth0.20": replace(LINK, name="eth0.20", kind="vlan"),
        "inside": replace(LINK, name="inside", kind="vlan"),
        "veth": replace(LINK, name="veth", kind="veth"),
    }
    monkeypatch.setattr(program, "list_links", lambda: links)
    lower = {"eth0.20": "eth0", "inside": "eth0.20", "veth": "eth0"}
    host = replace(HOST, lower=lower)
    found = [program.through(replace(BOTH, interface=name), (REAL4,), host) for name in links]
    assert found == [("eth0",), ("eth0",), ("eth0",), ("veth",)]
