# SPDX-License-Identifier: Apache-2.0
"""Commands that change one service or real."""

from __future__ import annotations

from typing import Any

import pytest

from dsrlb.control.revisions.authors import own
from tests.unit.api.fake import FakeController
from tests.unit.cli.conftest import Run

DNS = ("service", "add", "dns", "--vip", "192.0.2.53", "--protocol", "udp", "--port", "53")


def changed(daemon: FakeController, *, adopt_vip: bool = False) -> dict[str, Any]:
    """The one change that the daemon was asked for."""
    ((name, change, adopt, author),) = daemon.calls
    assert (name, adopt, author) == ("edit", adopt_vip, own())
    assert isinstance(change, dict)
    return change


def test_service_add(run: Run, daemon: FakeController) -> None:
    result = run(
        *DNS,
        *("--vip", "2001:db8::53", "--port", "5300-5399"),
        *("--real", "10.0.0.11,2001:db8:1::11,weight=3,mac=02:00:00:00:00:0b"),
        *("--real", "10.0.0.12,2001:db8:1::12"),
        *("--algorithm", "weighted-round-robin", "idle_timeout=5m", "pending_timeout=3"),
    )
    assert result.exit_code == 0, result.stderr
    assert changed(daemon) == {
        "verb": "service-add",
        "service": "dns",
        "settings": {
            "vip": ["192.0.2.53", "2001:db8::53"],
            "protocol": "udp",
            "mode": "l2dsr",
            "port": [53, "5300-5399"],
            "real": [
                {
                    "address": ["10.0.0.11", "2001:db8:1::11"],
                    "weight": 3,
                    "mac": "02:00:00:00:00:0b",
                },
                {"address": ["10.0.0.12", "2001:db8:1::12"]},
            ],
            "algorithm": "weighted-round-robin",
            "idle_timeout": "5m",
            "pending_timeout": 3,
        },
    }
    way_back, added, *_ = result.stdout.splitlines()
    assert way_back.startswith("way back: `dsrlb rollback`, to revision 11 (")
    assert added.startswith("+ service dns: ")
    assert [service.name for service in daemon.config.service] == ["web", "dns"]


@pytest.mark.parametrize(
    "words", [(*DNS, "--real", "10.0.0.11"), ("service", "set", "web", "vip=192.0.2.53")]
)
def test_a_vip_that_the_host_is_to_lose(
    run: Run, daemon: FakeController, words: tuple[str, ...]
) -> None:
    assert run(*words, "--adopt-vip", "idle_timeout=5m").exit_code == 0
    assert changed(daemon, adopt_vip=True)["settings"]["idle_timeout"] == "5m"


def test_service_set(run: Run, daemon: FakeController) -> None:
    result = run("service", "set", "web", "port=80,443", "on_unknown=schedule")
    assert result.exit_code == 0, result.stderr
    assert changed(daemon)["settings"] == {"port": [80, 443], "on_unknown": "schedule"}
    assert [str(ports) for ports in daemon.config.service[0].port] == ["80", "443"]


def test_service_set_lists_and_rates(run: Run, daemon: FakeController) -> None:
    pairs = ("deny=10.66.0.0/16,fd00::/8", "allow=10.0.0.0/8", "new_flow_rate=50", "persistence=5m")
    result = run("service", "set", "web", *pairs)
    assert result.exit_code == 0, result.stderr
    assert changed(daemon)["settings"] == {
        "deny": ["10.66.0.0/16", "fd00::/8"],
        "allow": "10.0.0.0/8",
        "new_flow_rate": 50,
        "persistence": "5m",
    }
    service = daemon.config.service[0]
    assert [str(prefix) for prefix in service.deny] == ["10.66.0.0/16", "fd00::/8"]
    assert "deny: +10.66.0.0/16, +fd00::/8" in result.stdout


def test_service_add_in_mode_l3dsr(run: Run, daemon: FakeController) -> None:
    options = ("--mode", "l3dsr", "--method", "dscp", "--dscp", "12")
    result = run(*DNS, "--real", "10.0.0.13", *options)
    assert result.exit_code == 0, result.stderr
    settings = changed(daemon)["settings"]
    assert (settings["mode"], settings["l3dsr"]) == ("l3dsr", {"method": "dscp", "dscp": 12})
    assert "+ service dns: 192.0.2.53 udp 53 by dscp 12" in result.stdout


def test_the_method_is_changed_in_place(run: Run, daemon: FakeController) -> None:
    for arguments, sent, method in (
        (
            ("--mode", "l3dsr", "--method", "ipip"),
            {"mode": "l3dsr", "l3dsr": {"method": "ipip"}},
            "ipip",
        ),
        (
            ("--method", "gue", "--gue-port", "7000"),
            {"l3dsr": {"method": "gue", "gue_port": 7000}},
            "gue port 7000",
        ),
        (("--gue-port", "7001"), {"l3dsr": {"gue_port": 7001}}, "gue port 7001"),
        (
            ("--method", "dscp", "l3dsr.dscp=9"),
            {"l3dsr": {"method": "dscp", "dscp": 9}},
            "dscp 9",
        ),
        (("--dscp", "10"), {"l3dsr": {"dscp": 10}}, "dscp 10"),
        (
            ("port=81", 'l3dsr={ method = "ipip" }'),
            {"port": 81, "l3dsr": {"method": "ipip"}},
            "ipip",
        ),
        (("--mode", "l2dsr"), {"mode": "l2dsr"}, "None"),
    ):
        result = run("service", "set", "web", *arguments)
        assert result.exit_code == 0, result.stderr
        assert changed(daemon)["settings"] == sent
        assert str(daemon.config.service[0].l3dsr) == method
        daemon.calls.clear()


def test_service_add_with_a_pool(run: Run, daemon: FakeController) -> None:
    options = ("--mode", "one-arm", "--pool", "192.0.2.200-192.0.2.203", "--pool", "192.0.2.240/30")
    result = run(*DNS, "--real", "10.0.0.13,port=5353", *options)
    assert result.exit_code == 0, result.stderr
    settings = changed(daemon)["settings"]
    assert settings["snat"] == {"pool": ["192.0.2.200-192.0.2.203", "192.0.2.240/30"]}
    assert settings["real"] == [{"address": "10.0.0.13", "port": 5353}]
    service = daemon.config.service[1]
    assert (service.mode, len(service.pool_for(4)), service.real[0].port) == ("one-arm", 8, 5353)


def test_what_belongs_to_a_mode_is_changed_in_place(run: Run, daemon: FakeController) -> None:
    pool, other = "192.0.2.200", "192.0.2.201-192.0.2.202"
    for arguments, sent, now in (
        (
            ("--mode", "one-arm", "--pool", pool, "--mss-clamp", "1400"),
            {"mode": "one-arm", "snat": {"pool": pool}, "mss_clamp": 1400},
            ("one-arm", pool, False, 1400),
        ),
        (("--pool", other), {"snat": {"pool": other}}, ("one-arm", other, False, 1400)),
        (("--toa",), {"snat": {"toa": True}}, ("one-arm", f"{other} with toa", False, 1400)),
        (
            ("--pool", pool, "snat.toa=true"),
            {"snat": {"pool": pool, "toa": True}},
            ("one-arm", f"{pool} with toa", False, 1400),
        ),
        (
            ("--no-toa", "--pool", other),
            {"snat": {"pool": other, "toa": False}},
            ("one-arm", other, False, 1400),
        ),
        (
            ("--mode", "nat", "--outbound"),
            {"mode": "nat", "outbound": True},
            ("nat", other, True, 1400),
        ),
        (("--no-outbound",), {"outbound": False}, ("nat", "None", False, 1400)),
        (("--mss-clamp", "0"), {"mss_clamp": 0}, ("nat", "None", False, 0)),
        (("--mode", "router"), {"mode": "router"}, ("router", "None", False, 0)),
        (
            ("mode=one-arm", f"snat.pool={pool},{other}"),
            {"mode": "one-arm", "snat": {"pool": [pool, other]}},
            ("one-arm", f"{pool}, {other}", False, 0),
        ),
    ):
        result = run("service", "set", "web", *arguments)
        assert result.exit_code == 0, result.stderr
        assert changed(daemon)["settings"] == sent
        service = daemon.config.service[0]
        assert (service.mode, str(service.snat), service.outbound, service.mss_clamp) == now
        daemon.calls.clear()


def test_the_port_of_a_real(run: Run, daemon: FakeController) -> None:
    assert run("service", "set", "web", "--mode", "router", "port=80").exit_code == 0
    assert run("real", "add", "web", "10.0.0.13", "--port", "8080").exit_code == 0
    assert run("real", "set", "web", "10.0.0.12", "--port", "8081").exit_code == 0
    assert run("real", "set", "web", "10.0.0.13", "--port", "0").exit_code == 0
    assert [real.port for real in daemon.config.service[0].real] == [0, 8081, 0]


def test_service_remove(run: Run, daemon: FakeController) -> None:
    result = run("service", "remove", "web")
    assert "(existing flows are affected)" in result.stdout
    assert daemon.config.service == ()


def test_real_add(run: Run, daemon: FakeController) -> None:
    assert run("real", "add", "web", "10.0.0.13", "--weight", "0").exit_code == 0
    assert changed(daemon) == {
        "verb": "real-add",
        "service": "web",
        "address": "10.0.0.13",
        "settings": {"weight": 0},
    }


def test_real_set_and_remove(run: Run, daemon: FakeController) -> None:
    assert run("real", "set", "web", "10.0.0.12", "--mac", "02:00:00:00:00:0C").exit_code == 0
    assert daemon.config.service[0].real[1].mac == "02:00:00:00:00:0c"
    assert run("real", "remove", "web", "10.0.0.11").exit_code == 0
    assert [str(real.address[0]) for real in daemon.config.service[0].real] == ["10.0.0.12"]


def test_limits_of_a_real(run: Run, daemon: FakeController) -> None:
    result = run("real", "add", "web", "10.0.0.13", "--max-open", "100", "--max-open-low", "50")
    assert result.exit_code == 0, result.stderr
    assert changed(daemon)["settings"] == {"max_open": 100, "max_open_low": 50}
    assert daemon.config.service[0].real[2].resumes_at == 50
    assert run("real", "set", "web", "10.0.0.13", "--max-open", "0").exit_code == 0
    real = daemon.config.service[0].real[2]
    assert (real.max_open, real.max_open_low) == (0, None)
    assert run(*DNS, "--real", "10.0.0.13,max_open=7").exit_code == 0
    assert daemon.config.service[1].real[0].max_open == 7


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("real", "set", "web", "10.0.0.99", "--weight", "1"), "has no such real; it has:"),
        (("service", "set", "mail", "port=25"), "there is no such service; there are: web"),
        (("service", "set", "web", "colour=red"), "unknown key"),
        (("service", "set", "web", "idle_timeout=07:32:00"), "a time such as"),
        (("real", "add", "web", "10.0.0.11"), "duplicate real server"),
        (("real", "set", "web", "10.0.0.11", "--max-open-low", "5"), "there is no max_open"),
        (("service", "set", "web", "allow=10.0.0.1/8"), "a network: 10.0.0.0/8"),
        ((*DNS, "--real", "10.0.0.11", "--mode", "one-arm"), "needs [service.snat] with a pool"),
        ((*DNS, "--real", "10.0.0.11", "--mode", "bridge"), "needs a [[bridge]]"),
        ((*DNS, "--real", "10.0.0.11,port=5353"), "the port is kept"),
        (("service", "set", "web", "--mode", "nat", "--outbound"), "needs [service.snat]"),
        (("service", "set", "web", "--mode", "router", "--mss-clamp", "1"), "from 536 to 9000"),
        (("service", "set", "web", "--mode", "one-arm", "--pool", "192.0.2.1/24"), "192.0.2.0/24"),
        (("real", "set", "web", "10.0.0.11", "--port", "8080"), "the port is kept"),
        (("service", "set", "web", "algorithm=lc"), "'hash' or 'maglev'"),
        ((*DNS, "--real", "10.0.0.11", "--mode", "l3dsr"), "needs [service.l3dsr]"),
        ((*DNS, "--real", "10.0.0.11", "--method", "ipip"), 'belongs to mode = "l3dsr"'),
        (("service", "set", "web", "--mode", "l3dsr", "--method", "dscp"), "a code from 1 to 63"),
        (("service", "set", "web", "--mode", "l3dsr", "--dscp", "5"), "this key is needed"),
        (("service", "set", "web", "l3dsr.dcsp=5"), "did you mean 'dscp'"),
        (DNS, "no real servers"),
    ],
)
def test_what_cannot_be_accepted(
    run: Run, daemon: FakeController, arguments: tuple[str, ...], says: str
) -> None:
    before = daemon.config
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith("<command>: ")
    assert says in result.stderr
    assert daemon.config is before


@pytest.mark.parametrize(
    "arguments",
    [
        ("service", "set", "web"),
        ("service", "set", "web", "port"),
        ("service", "set", "web", "=80"),
        ("service", "set", "web", "l3dsr.=5"),
        ("service", "set", "web", "l3dsr=5", "l3dsr.dscp=5"),
        ("service", "set", "web", "--method", "gre"),
        ("service", "set", "web", "--dscp", "64"),
        ("service", "set", "web", "--gue-port", "0"),
        ("service", "set", "web", "--mss-clamp", "9001"),
        ("real", "add", "web", "10.0.0.13", "--port", "65536"),
        ("service", "add", "dns", "--protocol", "udp", "--port", "53"),
        (*DNS, "--real", "weight=3"),
        (*DNS, "--real", ""),
        ("real", "set", "web", "10.0.0.11"),
        ("real", "add", "web", "10.0.0.13", "--weight", "-1"),
        ("real", "set", "web", "10.0.0.11", "--max-open", "-1"),
        ("real", "add", "web"),
        ("nonsense",),
    ],
)
def test_wrong_usage(run: Run, daemon: FakeController, arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert "Usage: dsrlb" in result.stderr
    assert daemon.calls == []


def test_no_daemon(run: Run, no_daemon: None) -> None:
    result = run("service", "remove", "web")
    assert result.exit_code == 1
    assert "hint: traffic of main still flows" in result.stderr
