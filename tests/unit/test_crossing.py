# SPDX-License-Identifier: Apache-2.0
"""dsrlb doctor: what services whose replies come back need of the host."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dsrlb.cli import doctor as command
from dsrlb.config import Config, parse
from dsrlb.errors import NetError, NotRunning
from dsrlb.net.links import Link
from dsrlb.observe import crossing, doctor
from dsrlb.observe.findings import Finding

HEAD = '[balancer]\ninterfaces = ["eth1", "eth2"]\n'
BRIDGE = '[[bridge]]\nname = "br0"\nports = ["eth1", "eth2"]\nreals_on = "eth2"\n'
SNAT = '[service.snat]\npool = "198.51.100.9"\n'


def service(name: str, mode: str, more: str = "", vip: str = "192.0.2.10", port: int = 80) -> str:
    real = "10.0.0.1" if "." in vip else "fd00::1"
    return (
        f'[[service]]\nname = "{name}"\nvip = "{vip}"\nprotocol = "tcp"\nport = {port}\n'
        f'mode = "{mode}"\n{more}[[service.real]]\naddress = "{real}"\n'
    )


def config(*tables: str) -> Config:
    return parse(HEAD + "".join(tables), "x.toml")


def found(wanted: Config, **counted: int) -> list[Finding]:
    reasons = {name.replace("_", "-"): packets for name, packets in counted.items()}
    return list(crossing.crossing(wanted, reasons))


LINKS = {
    "br0": Link(9, "br0", "", 1500, True, "bridge", "", None, None),
    "eth1": Link(1, "eth1", "", 1500, True, "", "", None, None, master=9, port_state=3),
    "eth2": Link(2, "eth2", "", 1500, True, "", "", None, None, master=9, port_state=3),
}


@pytest.mark.parametrize(
    ("change", "ok", "value", "advice"),
    [
        ({}, True, "eth1 and eth2 forward, real servers on eth2", ""),
        (
            {"eth2": {"port_state": 4}},
            False,
            "eth2, a port of br0, is blocking and does not forward",
            "spanning tree, or whoever set it: `bridge link show dev eth2`",
        ),
        (
            {"eth1": {"master": 0, "port_state": None}},
            False,
            "eth1 is not a port of br0",
            "ip link set eth1 master br0",
        ),
        ({"br0": {"kind": "dummy"}}, False, "it is not a bridge", "name one in [[bridge]]"),
        (
            None,
            False,
            "it is not there",
            "ip link add br0 type bridge, then its ports eth1 and eth2",
        ),
    ],
)
def test_bridges(
    change: dict[str, dict[str, Any]] | None,
    ok: bool,
    value: str,
    advice: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    links = {
        name: replace(link, **(change or {}).get(name, {}))
        for name, link in LINKS.items()
        if change is not None or name != "br0"
    }
    monkeypatch.setattr(crossing, "list_links", lambda: links)
    wanted = config(BRIDGE, service("a", "bridge"))
    assert found(wanted) == [Finding("bridge br0", ok, value, advice)]


def test_links_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise NetError("netlink: no")

    monkeypatch.setattr(crossing, "list_links", refuse)
    wanted = config(BRIDGE, service("a", "bridge"))
    assert found(wanted) == [Finding("bridges", False, "netlink: no")]


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings of a host that routes, and filters strictly on eth2."""
    for name, value in {
        "net/ipv4/ip_forward": "1",
        "net/ipv6/conf/all/forwarding": "1",
        "net/ipv4/conf/all/rp_filter": "0",
        "net/ipv4/conf/eth1/rp_filter": "2",
        "net/ipv4/conf/eth2/rp_filter": "1",
    }.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{value}\n")
    monkeypatch.setattr(crossing, "_SETTINGS", tmp_path)
    return tmp_path


ON = Finding("IPv4 forwarding", True, "on")
ROUTED = "replies of no service would not be routed: sysctl -w"


@pytest.mark.parametrize("mode", ["router", "nat"])
def test_forwarding(mode: str, kernel: Path) -> None:
    wanted = config(
        service("a", mode, vip="192.0.2.10"), service("b", mode, vip="2001:db8::10", port=81)
    )
    assert found(wanted) == [ON, Finding("IPv6 forwarding", True, "on")]
    (kernel / "net/ipv4/ip_forward").write_text("0\n")
    (kernel / "net/ipv6/conf/all/forwarding").unlink()
    assert found(wanted) == [
        Finding(
            "IPv4 forwarding",
            None,
            "off (net.ipv4.ip_forward = 0)",
            f"{ROUTED} net.ipv4.ip_forward=1",
        ),
        Finding("IPv6 forwarding", None, "net.ipv6.conf.all.forwarding: No such file or directory"),
    ]


def test_where_nobody_needs_forwarding(kernel: Path) -> None:
    (kernel / "net/ipv4/ip_forward").write_text("0\n")
    assert found(config(service("a", "l2dsr"), service("b", "one-arm", SNAT, port=81))) == []


def test_outbound(kernel: Path) -> None:
    wanted = config(service("a", "nat", "outbound = true\n" + SNAT))
    (kernel / "net/ipv4/ip_forward").write_text("0\n")
    assert found(wanted) == [
        Finding(
            "IPv4 forwarding",
            False,
            "off (net.ipv4.ip_forward = 0)",
            "connections that the real servers of service a open do not get out: "
            "sysctl -w net.ipv4.ip_forward=1",
        ),
        Finding(
            "rp_filter",
            None,
            "strict on eth2",
            "first packets of connections that the real servers of service a open may be lost: "
            "sysctl -w net.ipv4.conf.eth2.rp_filter=2",
        ),
    ]
    (kernel / "net/ipv4/conf/all/rp_filter").write_text("2\n")  # the larger one is in force
    (kernel / "net/ipv4/ip_forward").write_text("1\n")
    assert found(wanted) == [ON, Finding("rp_filter", True, "not strict on balancer.interfaces")]


def test_hairpin(kernel: Path) -> None:
    wanted = config(
        service("a", "router"),
        service("b", "one-arm", SNAT, port=81),
        service("c", "l2dsr", port=82),
    )
    (_, finding) = found(wanted, hairpin=1200)
    assert finding.value == "1,200 packets of real servers to a VIP dropped (service a)"
    assert "mode one-arm" in finding.advice
    many = config(*(service(f"s{n}", "router", port=n) for n in range(1, 6)))
    assert found(many, hairpin=1)[-1].value.endswith("(one of services s1, s2, s3 and 2 more)")
    gone = config(service("b", "one-arm", SNAT))
    assert found(gone, hairpin=1)[-1].value.endswith("(of a service that is gone)")


def test_exhausted() -> None:
    wanted = config(service("b", "one-arm", SNAT))
    (finding,) = found(wanted, pool_exhausted=7, hairpin=0)
    assert finding == Finding(
        "pool",
        None,
        "7 new flows dropped, as no port of their pool was free (service b)",
        "add addresses to service.snat.pool; `dsrlb events` tells which service's",
    )


def test_the_saved_configuration_is_what_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DSRLB_ROOT", str(tmp_path))
    saved = tmp_path / "var/lib/dsrlb/main/config.toml"
    saved.parent.mkdir(parents=True)
    counted = {"pool-exhausted": 3}

    def last() -> str:
        return doctor.diagnose("main", counted)[-1].name

    assert last() == "daemon"
    saved.write_text(HEAD + service("b", "one-arm", SNAT))
    assert last() == "pool"
    saved.write_text("what")
    assert last() == "configuration"


def test_what_the_daemon_has_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    class Client:
        def __init__(self, instance: str) -> None:
            self.instance = instance

        def get(self, path: str) -> list[dict[str, Any]]:
            if self.instance == "none":
                raise NotRunning("it is not", "")
            assert path == "/stats"
            return [{"reasons": {"hairpin": 2, "pass": 5}}, {"reasons": {"hairpin": 3}}]

    monkeypatch.setattr("dsrlb.cli.client.Client", Client)
    assert command._counted("main") == {"hairpin": 5, "pass": 5}
    assert command._counted("none") == {}
