# SPDX-License-Identifier: Apache-2.0
"""The daemon comes and goes, traffic stays; what stands in its way; the way back."""

from __future__ import annotations

import re
import signal
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from tests import scale
from tests.lab.instance import Instance, config, real
from tests.lab.plain import VIPS, Namespace, Plain, addresses
from tests.lab.programs import attach_pass
from tests.lab.traffic import Load, request, serves, syn_retransmissions
from tests.waiting import wait_until


def _finish(name: str, plain: Plain, balancer: Instance, load: Load, repeated: int) -> None:
    """Nothing was lost, no SYN was sent twice, and each connection was counted exactly once."""
    load.stop()
    lost = load.asked - load.done
    scale.record(name, load.asked, load.done, lost, load.seconds())
    assert load.errors == []
    assert lost == 0
    assert syn_retransmissions(plain.client) == repeated
    assert balancer.new_flows("web") == load.connections


@pytest.mark.lasting
@pytest.mark.soak
def test_kill_loses_nothing(plain: Plain, balancer: Instance, load: Load) -> None:
    seconds = scale.count("lab_load_seconds")
    balancer.serve(config())
    repeated = syn_retransmissions(plain.client)
    load.start()
    load.lasts(seconds / 4)
    counted = balancer.new_flows("web")
    balancer.kill()
    connected = load.connections
    load.lasts(seconds / 2)
    assert load.connections > connected
    balancer.start()
    assert "took over the pinned state" in balancer.events()
    assert balancer.new_flows("web") > counted + 5
    flows = balancer.get("/status")["flows"]
    assert min(flows["ipv4"]["open"], flows["ipv6"]["open"]) >= 1
    load.lasts(seconds)
    _finish("kill -9 of the daemon under load", plain, balancer, load, repeated)


@pytest.mark.lasting
@pytest.mark.soak
def test_restart_loses_nothing(plain: Plain, balancer: Instance, load: Load) -> None:
    seconds = scale.count("lab_load_seconds")
    balancer.serve(config())
    programs = balancer.state / "programs.json"
    loaded = programs.read_text()
    repeated = syn_retransmissions(plain.client)
    load.start()
    for part in (1, 2, 3):
        load.lasts(seconds * part / 4)
        assert balancer.stop() == 0
        load.progress(20)
        balancer.start()
        assert programs.read_text() == loaded, "what is in its place is not loaded again"
    load.lasts(seconds)
    _finish("restart of the daemon under load", plain, balancer, load, repeated)


def _xdp(namespace: Namespace) -> int | None:
    """The id of the XDP program on eth0."""
    shown = namespace.link().get("xdp")
    return int(shown["prog"]["id"]) if shown else None


def _host(namespace: Namespace) -> tuple[str, str, str]:
    """What `run` may touch on the host: offloads, multicast groups, addresses."""
    features = namespace.run("ethtool", "-k", "eth0")
    return features, namespace.run("ip", "maddress"), namespace.run("ip", "address")


def _assert_gone(balancer: Instance, before: tuple[str, str, str]) -> None:
    assert _host(balancer.namespace) == before
    assert _xdp(balancer.namespace) is None
    assert not balancer.pins.exists()


def test_detach_takes_everything_back(plain: Plain, balancer: Instance) -> None:
    plain.lb.run("ethtool", "-K", "eth0", "gro", "on")
    before = _host(plain.lb)
    balancer.start(config())
    assert _host(plain.lb) != before, "GRO has to be off for generic XDP"
    balancer.kill()
    balancer.start()  # what the first daemon changed is the second one's to take back
    assert _xdp(plain.lb)
    said = balancer.done("detach")
    assert re.search(r"XDP program \d+ on eth0", said)
    assert balancer.wait() == 0
    _assert_gone(balancer, before)
    assert (balancer.state / "config.toml").exists()
    balancer.start()
    assert serves(plain.client)


def test_detach_without_the_daemon(plain: Plain, balancer: Instance) -> None:
    plain.lb.run("ethtool", "-K", "eth0", "gro", "on")
    before = _host(plain.lb)
    balancer.start(config())
    balancer.kill()
    balancer.done("detach")
    _assert_gone(balancer, before)
    assert balancer.done("detach") == "nothing to detach\n"


def test_foreign_program_is_refused_and_replaced_by_force(plain: Plain, balancer: Instance) -> None:
    number = attach_pass(plain.lb, "eth0", "generic")
    file = balancer.write(config())
    refused = balancer.dsrlb("run", "-c", file)
    assert refused.returncode == 1
    assert f"id {number} (somebodys, generic)" in refused.stderr
    assert "--force" in refused.stderr
    assert _xdp(plain.lb) == number
    assert not balancer.pins.exists()
    balancer.start(config(), "--force")
    assert _xdp(plain.lb) not in (None, number)
    assert serves(plain.client)


@pytest.mark.parametrize("vip", VIPS)
def test_vip_that_is_the_hosts_own(plain: Plain, balancer: Instance, vip: str) -> None:
    prefix = 64 if ":" in vip else 24
    plain.lb.batch(f"address add {vip}/{prefix} dev eth0{' nodad' if ':' in vip else ''}")
    refused = balancer.dsrlb("run", "-c", balancer.write(config()))
    assert refused.returncode == 2
    assert vip in refused.stderr
    assert "--adopt-vip" in refused.stderr
    assert f"{vip}/{prefix}" in plain.lb.run("ip", "address"), "left where it was"
    assert not balancer.pins.exists()
    balancer.start(config(), "--adopt-vip")
    assert f"{vip}/{prefix}" not in plain.lb.run("ip", "address")
    balancer.wait_event(f"took {vip}/{prefix} on eth0 off")
    assert serves(plain.client)


def test_commands_without_the_daemon(plain: Plain, balancer: Instance) -> None:
    """They say so, and whether traffic flows all the same."""
    nouns = (("status",), ("services", "--json"), ("config", "show"), ("events",))
    for noun in nouns:
        before = balancer.dsrlb(*noun)
        assert before.returncode == 1
        assert f"dsrlb is not running (instance {balancer.name})" in before.stderr
        assert "no traffic is balanced" in before.stderr
        assert before.stdout == ""
    balancer.start(config())
    balancer.kill()
    for noun in nouns:
        after = balancer.dsrlb(*noun)
        assert after.returncode == 1
        assert "traffic still flows: attached to eth0" in after.stderr
        assert "Traceback" not in after.stderr
    assert serves(plain.client)
    applied = balancer.dsrlb("apply", str(balancer.file))
    assert applied.returncode == 1
    assert "not running" in applied.stderr


def test_pins_of_another_layout_are_refused_untouched(plain: Plain, balancer: Instance) -> None:
    balancer.start(config())
    balancer.stop()
    (pin,) = balancer.pins.glob("reals-*")
    pin.rename(pin.with_name("reals-0123abcd"))
    pins = sorted(path.name for path in balancer.pins.iterdir())
    refused = balancer.dsrlb("run")
    assert refused.returncode == 1
    assert f"`dsrlb --instance {balancer.name} detach`" in refused.stderr
    assert sorted(path.name for path in balancer.pins.iterdir()) == pins
    assert serves(plain.client), "the old program goes on"
    balancer.done("detach")
    assert not balancer.pins.exists()
    assert _xdp(plain.lb) is None
    balancer.start()
    assert serves(plain.client)


@pytest.mark.lasting
def test_standard_input_is_no_file_to_come_back_to(plain: Plain, balancer: Instance) -> None:
    """`status` goes on comparing with the file, and SIGHUP goes back to it."""
    balancer.serve(config())
    shown = balancer.done("config", "show")
    assert balancer.dsrlb("apply", "-", given=shown).stdout.startswith("no changes")
    silent = shown.replace("announce = true", "announce = false")
    applied = balancer.dsrlb("apply", "-", given=silent)
    assert applied.returncode == 0, applied.stderr
    status = balancer.get("/status")
    assert (status["file"], status["file_differs"]) == (str(balancer.file), True)
    balancer.signal(signal.SIGHUP)
    balancer.wait_event(f"reload {balancer.file}: ")
    assert balancer.done("config", "show") == shown


def test_xdp_is_taken_off_by_hand_in_the_mode_it_is_in(plain: Plain, balancer: Instance) -> None:
    """As docs/OPERATIONS.md has it: the other word does nothing."""
    balancer.start(config())
    balancer.stop()
    plain.lb.run("ip", "link", "set", "dev", "eth0", "xdpdrv", "off")
    assert _xdp(plain.lb), "the mode is generic"
    plain.lb.run("ip", "link", "set", "dev", "eth0", "xdpgeneric", "off")
    assert _xdp(plain.lb) is None


def test_a_start_says_when_the_file_differs(plain: Plain, balancer: Instance) -> None:
    balancer.start(config())
    assert any(f"from {balancer.file}" in event for event in balancer.events())
    balancer.stop()
    balancer.write(config([real("r2")]))
    balancer.start()
    balancer.wait_event(f"{balancer.file} differs: `dsrlb apply {balancer.file}`")
    assert request(plain.client, VIPS[0], count=4) == {"r1": 2, "r2": 2}


def test_signals_of_a_start(balancer: Instance) -> None:
    """SIGHUP waits for the daemon. SIGINT is the kernel's: KeyboardInterrupt may be lost in the
    middle of an import, and the start would go on."""
    balancer.start(config())
    balancer.stop()
    balancer.write(config([real("r2")]))
    before = len(balancer.log())
    with ThreadPoolExecutor(1) as pool:
        started = pool.submit(balancer.start, up=4)
        wait_until("it starts", lambda: "took over" in balancer.log()[before:])
        caught = Path(f"/proc/{balancer.pid}/status").read_text().partition("SigCgt:")[2]
        balancer.signal(signal.SIGHUP)
        started.result()
    assert not int(caught.split()[0], 16) >> signal.SIGINT - 1 & 1
    balancer.wait_event(f"reload {balancer.file}: ")
    balancer.signal(signal.SIGINT)
    assert balancer.wait() == 0


def test_signals(plain: Plain, balancer: Instance) -> None:
    """SIGHUP reads the file again, a bad one is told and changes nothing; SIGINT ends it."""
    balancer.start(config())
    before = balancer.get("/status")["config_hash"]
    balancer.write(config(balancer="announce = maybe"))
    balancer.signal(signal.SIGHUP)
    balancer.wait_event("reload: ")
    assert balancer.get("/status")["config_hash"] == before
    balancer.write(config([real("r1", "weight = 0"), real("r2")]))
    balancer.signal(signal.SIGHUP)
    balancer.wait_event(f"reload {balancer.file}: ")
    balancer.signal(signal.SIGINT)
    assert balancer.wait() == 0
    assert request(plain.client, VIPS[0], count=4) == {"r2": 4}


@pytest.mark.lasting
def test_kill_in_the_middle_of_changes(plain: Plain, balancer: Instance) -> None:
    """Whenever it is killed, what is pinned serves, and the next daemon puts it in line."""
    balancer.serve(config())
    for number in range(6):
        weight = str(1 + number % 3)
        change = balancer.popen("real", "set", "web", addresses("r1")[0], "--weight", weight)
        wait_until("the change is under way", partial(_has_run, change.pid, 0.02 * number))
        balancer.kill()
        change.communicate()
        assert serves(plain.client)
        balancer.start()
    balancer.done("real", "set", "web", addresses("r1")[0], "--weight", "1")
    for vip in VIPS:
        assert request(plain.client, vip, count=8) == {"r1": 4, "r2": 4}


def _has_run(pid: int, seconds: float) -> bool:
    """Has a command had so much processor time, or ended?"""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return fields[0] == "Z" or int(fields[11]) + int(fields[12]) >= seconds * 100
