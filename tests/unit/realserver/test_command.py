# SPDX-License-Identifier: Apache-2.0
"""The command `dsrlb real-server`: what it prints, and wrong usage."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from dsrlb.cli.realserver import real_server
from dsrlb.errors import NetError
from dsrlb.realserver import Request, check
from tests.unit.realserver.hosts import VIP4, write


@pytest.mark.usefixtures("host")
def test_an_interface_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(NetError, match="eth9") as caught:
        check(Request("l2dsr", (VIP4,), interface="eth9"))
    assert "eth0" in caught.value.hint


@pytest.mark.usefixtures("host")
def test_check_prints_what_to_do_and_fails() -> None:
    result = CliRunner().invoke(real_server, ["check", "--vip", str(VIP4)])
    assert result.exit_code == 1
    assert result.stdout.splitlines()[-2:] == [
        "MISSING  192.0.2.10 on lo: missing; should be 192.0.2.10/32, there alone; "
        "ip address add 192.0.2.10/32 dev lo scope host",
        "ok       at boot: nothing (setup --persist)",
    ]
    assert "ok       ipv4/conf/all/arp_ignore: 1" in result.stdout


@pytest.mark.usefixtures("host")
def test_check_says_what_is_there_and_what_should_be(proc: Path) -> None:
    write(proc, {"net/ipv4/conf/all/arp_ignore": "5", "net/ipv4/conf/eth0/rp_filter": "1"})
    result = CliRunner().invoke(real_server, ["check", "--vip", str(VIP4), "--json"])
    assert result.exit_code == 1
    lacking = [piece for piece in json.loads(result.stdout) if not piece["ok"]]
    assert [(piece["name"], piece["value"], piece["wanted"]) for piece in lacking] == [
        ("ipv4/conf/all/arp_ignore", "5", "1 or 2 or 3 or 8"),
        ("ipv4/conf/eth0/rp_filter", "1", "0 or 2"),
        ("192.0.2.10 on lo", "missing", "192.0.2.10/32, there alone"),
    ]


@pytest.mark.usefixtures("host")
def test_dry_run_prints_commands_only(tmp_path: Path) -> None:
    result = CliRunner().invoke(real_server, ["setup", "--vip", str(VIP4), "--dry-run"])
    assert result.exit_code == 0
    assert result.stdout == "ip address add 192.0.2.10/32 dev lo scope host\n"
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize(
    "text", ["192.0.2.300", "ff02::1", "127.0.0.1", "::", "web", "fe80::1%eth0"]
)
def test_wrong_addresses_are_wrong_usage(text: str) -> None:
    result = CliRunner().invoke(real_server, ["check", "--vip", text])
    assert result.exit_code == 2
    assert text in result.stderr


def test_setup_without_a_vip_is_wrong_usage() -> None:
    assert CliRunner().invoke(real_server, ["setup"]).exit_code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("setup", "--mode", "one-arm", "--vip", "192.0.2.10", "--gateway", "10.0.0.1"),
        ("setup", "--mode", "router", "--vip", "192.0.2.10", "--gateway", "127.0.0.1"),
        ("check", "--mode", "nat", "--vip", "192.0.2.10", "--method", "ipip"),
        ("check", "--mode", "bridge", "--vip", "192.0.2.10", "--mss", "1400"),
        ("setup", "--mode", "tunnel", "--vip", "192.0.2.10"),
        ("undo", "--mode", "nat", "--method", "gue"),
        ("setup", "--mode", "l3dsr", "--vip", "192.0.2.10"),
        ("setup", "--method", "ipip", "--vip", "192.0.2.10"),
        ("setup", "--mode", "l3dsr", "--method", "dscp", "--vip", "192.0.2.10"),
        ("setup", "--mode", "l3dsr", "--method", "dscp", "--dscp", "64", "--vip", "192.0.2.10"),
        ("setup", "--mode", "l3dsr", "--method", "dscp", "--dscp", "0", "--vip", "192.0.2.10"),
        ("setup", "--mode", "l3dsr", "--method", "ipip", "--dscp", "1", "--vip", "192.0.2.10"),
        ("check", "--mode", "l3dsr", "--method", "gue", "--gue-port", "0", "--vip", "192.0.2.10"),
        ("check", "--vip", "192.0.2.10", "--mss", "100"),
        ("check", "--vip", "192.0.2.10", "--address", "10.0.0.2"),
        ("undo", "--method", "ipip"),
        ("undo", "--mode", "l2dsr", "--method", "ipip"),
    ],
    ids=" ".join,
)
def test_wrong_usage(arguments: tuple[str, ...]) -> None:
    result = CliRunner().invoke(real_server, arguments)
    assert result.exit_code == 2, result.output
