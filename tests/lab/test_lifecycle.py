# SPDX-License-Identifier: Apache-2.0
"""Interfaces that come, go, change and refuse; starts and changes that fail half-way."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.lab.instance import Instance, config, real
from tests.lab.plain import PORT, VIPS, Namespace, Plain, addresses
from tests.lab.programs import attach_pass, detach_all
from tests.lab.traffic import request, serves
from tests.waiting import wait_until


def _program(namespace: Namespace, name: str) -> int | None:
    """The id of the XDP program on an interface, or None."""
    shown = namespace.link(name).get("xdp")
    return int(shown["prog"]["id"]) if shown else None


def others_or_nothing(folder: Path) -> bool:
    """Is the folder of all instances gone, or has it others in it?"""
    try:
        return bool(list(folder.iterdir()))
    except FileNotFoundError:
        return True


def _second_interface(plain: Plain) -> None:
    """eth1 in the balancer's namespace, on the same switch, without an address."""
    end = f"peer name lb-eth1 netns {plain.switch.name}"
    plain.lb.batch(f"link add eth1 type veth {end}", "link set eth1 up")
    plain.switch.batch("link set lb-eth1 master br0", "link set lb-eth1 up")
    plain.lb.run("ethtool", "-K", "eth1", "tx", "off", "gso", "off", "tso", "off", "txvlan", "off")


def _many_vips(count: int) -> str:
    """A configuration with a service of so many VIPs more."""
    vips = json.dumps([f"10.99.{n >> 8}.{n & 255}" for n in range(count)])
    more = f'[[service]]\nname = "many"\nvip = {vips}\nprotocol = "tcp"\nport = {PORT}\n'
    return config() + more + 'mode = "l2dsr"\ngroup = "both"\n'


@pytest.mark.lasting
def test_more_than_the_tables_hold_is_refused(plain: Plain, balancer: Instance) -> None:
    balancer.serve(config())
    before = balancer.done("config", "show")
    file = balancer.write(_many_vips(5000))
    line = _many_vips(5000).splitlines().index('name = "many"')
    for command in ("check", "apply"):
        refused = balancer.dsrlb(command, file)
        assert refused.returncode == 2, refused.stderr
        assert f"{file}:{line}: service[2]" in refused.stderr
        assert "too many VIPs and addresses of pools: at most 4096" in refused.stderr
    assert balancer.done("config", "show") == before
    assert serves(plain.client)
    assert balancer.stop() == 0
    balancer.start()
    assert serves(plain.client)


@pytest.mark.lasting
def test_a_copy_that_cannot_be_saved_holds_up_nothing(plain: Plain, balancer: Instance) -> None:
    """config.toml is a copy of the last good revision: that it is not there is told, and made up
    for with the next change, or start."""
    balancer.serve(config())
    saved = balancer.state / "config.toml"
    saved.unlink()
    saved.mkdir()
    (saved / "in the way").touch()
    v4, _ = addresses("r1")
    balancer.done("real", "set", "web", v4, "--weight", "0")
    balancer.wait_event(f"the last good configuration: cannot write {saved}")
    assert request(plain.client, VIPS[0], count=4) == {"r2": 4}
    (saved / "in the way").unlink()
    saved.rmdir()
    balancer.kill()
    balancer.start(up=4)
    assert saved.read_text() == balancer.done("config", "show")
    assert request(plain.client, VIPS[0], count=4) == {"r2": 4}


def test_start_that_fails_leaves_nothing(plain: Plain, balancer: Instance) -> None:
    """The second interface refuses; the first one had the program by then."""
    _second_interface(plain)
    foreign = attach_pass(plain.lb, "eth1", "generic")
    both = config().replace('["eth0"]', '["eth0", "eth1"]')
    refused = balancer.dsrlb("run", "-c", balancer.write(both))
    assert refused.returncode == 1
    assert f"eth1: a foreign XDP program, id {foreign}" in refused.stderr
    assert _program(plain.lb, "eth0") is None
    assert _program(plain.lb, "eth1") == foreign
    assert not balancer.pins.exists()
    wait_until("no empty folder is left", lambda: others_or_nothing(balancer.pins.parent))


def test_failed_takeover_keeps_what_runs(plain: Plain, balancer: Instance) -> None:
    """As above, with eth0 at work: it stays so."""
    balancer.start(config())
    balancer.kill()
    _second_interface(plain)
    attach_pass(plain.lb, "eth1", "generic")
    both = config().replace('["eth0"]', '["eth0", "eth1"]')
    assert balancer.dsrlb("run", "-c", balancer.write(both)).returncode == 1
    assert serves(plain.client)
    balancer.start()
    assert serves(plain.client)


def test_detach_takes_off_a_program_without_pins(plain: Plain, balancer: Instance) -> None:
    balancer.start(config())
    balancer.kill()
    for pin in balancer.pins.iterdir():
        pin.unlink()
    balancer.pins.rmdir()
    refused = balancer.dsrlb("run")
    assert refused.returncode == 1
    assert "foreign XDP program" in refused.stderr
    assert "XDP program" in balancer.done("detach")
    assert _program(plain.lb, "eth0") is None
    balancer.start()
    assert serves(plain.client)


def test_takeover_with_other_interfaces(plain: Plain, balancer: Instance) -> None:
    """The interface that is no longer named loses the program, and no client comes to it."""
    balancer.start(config())
    balancer.kill()
    _second_interface(plain)
    v4, v6 = addresses("lb")
    plain.lb.batch(
        "address flush dev eth0",
        f"address add {v4}/24 dev eth1",
        f"address add {v6}/64 dev eth1 nodad",
    )
    balancer.start(config().replace('"eth0"', '"eth1"'))
    assert _program(plain.lb, "eth0") is None
    wait_until("clients have learnt the MAC address of eth1", lambda: serves(plain.client))
    plain.client.batch("neigh flush dev eth0")
    for vip in VIPS:
        assert request(plain.client, vip, count=4) == {"r1": 2, "r2": 2}
        (entry,) = json.loads(plain.client.run("ip", "-json", "neigh", "show", "to", vip))
        assert entry["lladdr"] == plain.lb.mac("eth1")
    (row,) = balancer.get("/stats")
    assert row["interface"] == "eth1"
    assert row["reasons"]["forwarded"] > 0
    balancer.done("detach")
    assert balancer.wait() == 0
    assert _program(plain.lb, "eth1") is None
    assert not balancer.pins.exists()
    wait_until("no empty folder is left", lambda: others_or_nothing(balancer.pins.parent))


def test_renamed_interface(plain: Plain, balancer: Instance) -> None:
    plain.lb.run("ethtool", "-K", "eth0", "gro", "on")
    before = plain.lb.run("ethtool", "-k", "eth0")
    balancer.start(config())
    plain.lb.batch("link set eth0 down", "link set eth0 name foo", "link set foo up")
    balancer.wait_event("eth0 is not there")
    wait_until("foo is clean", lambda: _program(plain.lb, "foo") is None)
    wait_until(
        "its offloads are back",
        lambda: plain.lb.run("ethtool", "-k", "foo") == before.replace("eth0", "foo"),
    )
    plain.lb.batch("link set foo down", "link set foo name eth0", "link set eth0 up")
    wait_until("serving again", lambda: serves(plain.client))


def test_missing_interface_hinders_nothing(plain: Plain, balancer: Instance) -> None:
    """One of two is away: commands, restart and takeover work; it is awaited."""
    _second_interface(plain)
    balancer.start(config().replace('["eth0"]', '["eth0", "eth1"]'))
    plain.lb.batch("link del eth1")
    balancer.wait_event("eth1 is not there")
    balancer.done("real", "set", "web", addresses("r1")[0], "--weight", "2")
    balancer.kill()
    balancer.start()
    assert serves(plain.client)
    states = {i["name"]: i["state"] for i in balancer.get("/status")["interfaces"]}
    assert states == {"eth0": "attached", "eth1": "detached"}
    _second_interface(plain)
    wait_until("eth1 has the program", lambda: _program(plain.lb, "eth1"))


def test_refused_interface_is_tried_again(plain: Plain, balancer: Instance) -> None:
    """It comes back with somebody's program on it: the reason is shown, and the way out works."""
    balancer.start(config())
    plain.unplug("lb")
    balancer.wait_event("eth0 is not there")
    balancer.signal(signal.SIGSTOP)
    try:
        plain.plug("lb")
        foreign = attach_pass(plain.lb, "eth0", "generic")
    finally:
        balancer.signal(signal.SIGCONT)
    balancer.wait_event(f"a foreign XDP program, id {foreign}")
    (interface,) = balancer.get("/status")["interfaces"]
    assert interface["state"] == "detached"
    assert f"id {foreign}" in interface["reason"]
    detach_all(plain.lb, "eth0")
    wait_until("serving again", lambda: serves(plain.client), 15)


def test_offload_that_cannot_be_restored_does_not_hold_up_detach(
    plain: Plain, balancer: Instance
) -> None:
    balancer.start(config())
    (balancer.state / "features.json").write_text('{"eth0": {"lro": true}}')
    said = balancer.done("detach")
    assert "offloads of eth0 not restored" in said
    assert balancer.wait() == 0
    assert _program(plain.lb, "eth0") is None
    assert not balancer.pins.exists()


def test_lost_events_are_made_up_for(plain: Plain, balancer: Instance) -> None:
    """The kernel drops events that are not read in time; a changed MAC address is found anyhow."""
    balancer.start(config())
    balancer.signal(signal.SIGSTOP)
    try:
        routes = [
            f"route add 10.{100 + (n >> 12)}.{n >> 4 & 255}.{(n & 15) << 4}/28 dev eth0"
            for n in range(40_000)
        ]
        plain.lb.batch(*routes)
        plain.lb.batch("link set eth0 address 02:00:00:00:77:77")
    finally:
        balancer.signal(signal.SIGCONT)
    plain.client.batch("neigh flush dev eth0")
    wait_until("serving again", lambda: serves(plain.client), 20)


@pytest.mark.lasting
def test_mode_is_changed_while_running(plain: Plain, balancer: Instance) -> None:
    attach_pass(plain.switch, "lb", "native")
    balancer.serve(config())
    assert balancer.get("/status")["interfaces"][0]["xdp_mode"] == "generic"
    for mode in ("native", "generic"):
        balancer.done("apply", balancer.write(config(balancer=f'xdp_mode = "{mode}"')))
        assert balancer.get("/status")["interfaces"][0]["xdp_mode"] == mode
        for vip in VIPS:
            assert request(plain.client, vip, count=4) == {"r1": 2, "r2": 2}
    detach_all(plain.switch, "lb")


def test_refused_mode_leaves_what_runs(plain: Plain, balancer: Instance) -> None:
    """The driver refuses native XDP at this MTU; the program stays in generic mode, and serves."""
    plain.lb.batch("link set eth0 mtu 9000")
    plain.switch.batch("link set lb mtu 9000")
    balancer.start(config())
    number = _program(plain.lb, "eth0")
    file = balancer.write(config(balancer='xdp_mode = "native"'))
    refused = balancer.dsrlb("apply", file)
    assert refused.returncode == 1
    assert "eth0" in refused.stderr
    (interface,) = balancer.get("/status")["interfaces"]
    assert (interface["state"], interface["xdp_mode"]) == ("attached", "generic")
    failed = balancer.get("/revisions")[0]
    assert (failed["number"], failed["result"], failed["running"]) == (2, "failed", False)
    assert "eth0" in failed["reason"]
    assert _program(plain.lb, "eth0") == number
    assert serves(plain.client)
    balancer.kill()
    assert balancer.dsrlb("run", "-c", file).returncode == 1
    assert serves(plain.client)


def test_refused_start_leaves_a_foreign_program_and_the_offloads(
    plain: Plain, balancer: Instance
) -> None:
    plain.lb.run("ethtool", "-K", "eth0", "gro", "on", "rxvlan", "on")
    plain.lb.batch("link set eth0 mtu 9000")
    plain.switch.batch("link set lb mtu 9000")
    before = plain.lb.run("ethtool", "-k", "eth0")
    number = attach_pass(plain.lb, "eth0", "generic")
    file = balancer.write(config(balancer='xdp_mode = "native"'))
    assert balancer.dsrlb("run", "--force", "-c", file).returncode == 1
    assert _program(plain.lb, "eth0") == number
    assert plain.lb.run("ethtool", "-k", "eth0") == before
    assert not balancer.pins.exists()


def test_force_chooses_the_mode_itself(plain: Plain, balancer: Instance) -> None:
    """auto means generic on veth, whatever the mode of the program that is replaced."""
    attach_pass(plain.lb, "eth0", "native")
    balancer.start(config(), "--force")
    assert balancer.get("/status")["interfaces"][0]["xdp_mode"] == "generic"
    assert serves(plain.client)


@pytest.mark.lasting
def test_views_during_changes(plain: Plain, balancer: Instance) -> None:
    """No view is of half a change: none fails while reals come and go."""
    balancer.serve(config([real("r1")]), up=4)
    changes = [
        balancer.popen(*words)
        for words in (
            ("real", "add", "web", ",".join(addresses("r2"))),
            (
                "service",
                "add",
                "more",
                "--vip=10.78.0.222",
                "--protocol=tcp",
                "--port=99",
                f"--real={addresses('r2')[0]}",
            ),
            ("real", "set", "web", addresses("r1")[0], "--weight", "3"),
            ("service", "remove", "dns"),
        )
    ]
    while any(change.poll() is None for change in changes):
        for path in ("/services", "/reals", "/macs", "/stats", "/status"):
            balancer.get(path)
    for change in changes:
        _, errors = change.communicate()
        assert change.returncode == 0, errors
