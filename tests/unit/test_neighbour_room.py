# SPDX-License-Identifier: Apache-2.0
"""dsrlb doctor: does the kernel keep as many neighbours as are asked for their MAC addresses?"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import ip_address
from pathlib import Path

import pytest

from dsrlb.config import Config, parse
from dsrlb.errors import NetError
from dsrlb.net import neightables
from dsrlb.net.links import IPAddress
from dsrlb.net.neightables import NeighbourTable, neighbour_tables
from dsrlb.net.routes import Hop, Route
from dsrlb.observe import doctor, neighbours
from dsrlb.observe.findings import Finding

TABLES = {4: NeighbourTable(40, 512, 1024), 6: NeighbourTable(0, 512, 2048)}
ROUTERS = (ip_address("10.0.0.1"), ip_address("10.0.0.2"))

# Answers of Linux 6.18 without their headers, cut behind what is read: a table of each family, what
# it has of an interface, and (made up) a table of another family.
ARP = (
    "02000000 0e0001006172705f6361636865000000 0800020080000000 0800030000020000 0800040000040000"
    "24000500 04005001a7000000a00e0100a4b80200f7f2ce1cff0700000000000000000000"
)
ND = (
    "0a000000 100001006e646973635f636163686500 0800020080000000 0800030000100000 0800040000200000"
    "24000500 100058013e0000001cef2500a40101009d310ec17f0000000000000000000000"
)
INTERFACE = "02000000 0e0001006172705f6361636865000000 0c000600 0800010002000000"
OTHER = "0c000000 0800030000020000 0800040000040000 0c000500 0400900103000000"


def test_what_the_kernel_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    told = [bytes.fromhex(message) for message in (ARP, INTERFACE, ND, OTHER)]
    monkeypatch.setattr(neightables, "_told", lambda: told)
    assert neighbour_tables() == {
        4: NeighbourTable(167, 512, 1024),
        6: NeighbourTable(62, 4096, 8192),
    }


def test_this_kernel_tells() -> None:
    """In every network namespace, whoever asks."""
    table = neighbour_tables()[4]
    assert 0 < table.kept <= table.most


L2DSR = 'mode = "l2dsr"'
IPIP = 'mode = "l3dsr"\nl3dsr.method = "ipip"'


def config(count: int, more: str = "", mode: str = L2DSR, first: str = "10.1.0.0") -> Config:
    """So many real servers; ``more``: lines of each; ``mode``: of their services."""
    lines = ['[balancer]\ninterfaces = ["eth0"]']
    vip = "192.0.2.10" if "." in first else "2001:db8::10"
    for service in range(-(-count // 1000)):
        lines.append(f'[[service]]\nname = "s{service}"\nvip = "{vip}"\nprotocol = "tcp"')
        lines.append(f"port = {80 + service}\n{mode}")
        for number in range(service * 1000, min(service * 1000 + 1000, count)):
            address = ip_address(first) + number
            lines.append(f'[[service.real]]\naddress = "{address}"\n{more}')
    return parse("\n".join(lines), "x.toml")


def _on_link(addresses: Iterable[IPAddress]) -> dict[IPAddress, Route]:
    return {address: Route((Hop(2, None),)) for address in addresses}


def _behind_routers(addresses: Iterable[IPAddress]) -> dict[IPAddress, Route]:
    return {address: Route(tuple(Hop(2, via) for via in ROUTERS)) for address in addresses}


def _nowhere(_: Iterable[IPAddress]) -> dict[IPAddress, Route]:
    return {}


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Finding]]:
    """What is found, on a host with these tables."""

    def look(wanted: Config, routes: object = _on_link) -> list[Finding]:
        monkeypatch.setattr(neighbours, "resolve", routes)
        monkeypatch.setattr(neighbours, "neighbour_tables", lambda: TABLES)
        return list(neighbours.room(wanted))

    return look


Look = Callable[..., list[Finding]]
SETTING = "sysctl -w net.ipv4.neigh.default.gc_thresh2={} net.ipv4.neigh.default.gc_thresh3={}"


@pytest.fixture
def on_the_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings can be seen, as in the initial network namespace."""
    for family in (4, 6):
        folder = tmp_path / f"net/ipv{family}/neigh/default"
        folder.mkdir(parents=True)
        (folder / "gc_thresh2").write_text("512\n")
    monkeypatch.setattr(neighbours, "_SETTINGS", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("count", "ok", "advice"),
    [
        (512, True, ""),
        (
            513,
            None,
            "it may forget some whenever another one comes, until they are asked for again: "
            + SETTING.format(2048, 4096),
        ),
        (
            1024,
            None,
            "it may forget some whenever another one comes, until they are asked for again: "
            + SETTING.format(2048, 4096),
        ),
        (
            1400,
            False,
            "376 or more are not found, and who is there gets no flows: "
            + SETTING.format(4096, 8192),
        ),
    ],
)
def test_room(found: Look, on_the_host: Path, count: int, ok: bool | None, advice: str) -> None:
    (finding,) = found(config(count))
    assert (finding.name, finding.ok, finding.advice) == ("IPv4 neighbours", ok, advice)
    assert finding.value == (
        f"{count:,} MAC addresses are asked for; the kernel keeps 512 (gc_thresh2) to 1,024 "
        "(gc_thresh3), of all network namespaces; 40 are there"
    )


def test_each_family_has_a_table(found: Look, on_the_host: Path) -> None:
    (finding,) = found(config(1400, first="fd00::"))
    assert (finding.name, finding.ok) == ("IPv6 neighbours", None)
    assert "net.ipv6.neigh.default.gc_thresh2=4096" in finding.advice


def test_in_another_namespace_it_says_where_to_set_it(
    found: Look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "_SETTINGS", tmp_path)
    (finding,) = found(config(1400))
    assert finding.advice.endswith("gc_thresh3=8192 (on the host: not in this network namespace)")


def test_behind_routers_the_routers_count(found: Look) -> None:
    (finding,) = found(config(1400, mode=IPIP), _behind_routers)
    assert finding.ok is True
    assert finding.value.startswith("2 MAC addresses are asked for")


def test_who_is_in_the_file_or_nowhere_is_not_asked_for(found: Look) -> None:
    assert found(config(1400, 'mac = "02:00:00:00:00:01"')) == []
    assert found(config(1400), _nowhere) == []


def test_a_kernel_that_does_not_tell(found: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> None:
        raise NetError("netlink: Operation not supported")

    wanted = config(2)
    monkeypatch.setattr(neighbours, "resolve", _on_link)
    monkeypatch.setattr(neighbours, "neighbour_tables", refused)
    assert list(neighbours.room(wanted)) == [
        Finding(
            "neighbours",
            None,
            "how many there may be is not to be seen: netlink: Operation not supported",
        )
    ]


def test_the_doctor_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: Look, on_the_host: Path
) -> None:
    found(config(1))
    monkeypatch.setenv("DSRLB_ROOT", str(tmp_path))
    saved = tmp_path / "var/lib/dsrlb/x/config.toml"
    saved.parent.mkdir(parents=True)
    saved.write_text(
        '[balancer]\ninterfaces = ["eth0"]\n[[service]]\nname = "web"\nvip = "192.0.2.10"\n'
        'protocol = "tcp"\nport = 80\nmode = "l2dsr"\n[[service.real]]\naddress = "10.1.0.1"\n'
    )
    names = [finding.name for finding in doctor.diagnose("x")]
    assert "IPv4 neighbours" in names
