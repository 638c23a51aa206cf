# SPDX-License-Identifier: Apache-2.0
"""What the host gets, or loses, while it is in use: told, and no reason to refuse what is not about
it; in something new it is."""

from __future__ import annotations

import gc
from ipaddress import ip_network

from dsrlb.net import veth
from tests.lab.instance import Instance, config
from tests.lab.plain import PORT, VIPS, Plain, addresses
from tests.lab.traffic import serves
from tests.waiting import wait_until

VIP4, VIP6 = VIPS
FACT = f"{VIP4}: this VIP is an address of this host (on lo)"


def _findings(balancer: Instance) -> str:
    return balancer.dsrlb("doctor").stdout


def test_a_vip_appears_while_it_is_served(plain: Plain, balancer: Instance) -> None:
    balancer.start(config())
    assert FACT not in balancer.log()
    plain.lb.batch(f"address add {VIP4}/32 dev lo")
    balancer.wait_event(f"{FACT}; what runs goes on with it")
    assert f"FAILED  address {VIP4}: this VIP is an address of this host" in _findings(balancer)
    assert serves(plain.client)

    balancer.done("real", "set", "web", addresses("r1")[0], "--weight", "7")
    balancer.stop()
    balancer.start()
    balancer.wait_event(f"{FACT}; what runs goes on with it")
    balancer.kill()
    balancer.start(config())
    assert serves(plain.client)

    plain.lb.batch(f"address del {VIP4}/32 dev lo")
    balancer.wait_event(f"no longer so: {FACT.partition(': ')[2]}")
    assert f"address {VIP4}" not in _findings(balancer)


def test_a_vip_that_was_not_served_is_refused(plain: Plain, balancer: Instance) -> None:
    """Also by a start that takes over, and by one that has nothing to take over, though the same
    configuration ran."""
    balancer.start(config(vips=[VIP6]), up=4)
    plain.lb.batch(f"address add {VIP4}/32 dev eth0")
    both = balancer.write(config())
    assert "let --adopt-vip do that" in balancer.dsrlb("apply", both).stderr
    balancer.stop()
    refused = balancer.dsrlb("run", "-c", both)
    assert refused.returncode == 2
    assert "let --adopt-vip do that" in refused.stderr
    plain.lb.batch(f"address del {VIP4}/32 dev eth0")
    balancer.start(config())
    plain.lb.batch(f"address add {VIP4}/32 dev eth0")
    balancer.done("detach")
    assert balancer.wait() == 0
    again = balancer.dsrlb("run")
    assert again.returncode == 2
    assert "let --adopt-vip do that" in again.stderr
    assert not balancer.pins.exists()


def test_a_real_server_s_address_appears(plain: Plain, balancer: Instance) -> None:
    """It gets nothing, and the others go on; also behind a change and a restart."""
    balancer.start(config())
    (own, _), (other, _) = addresses("r1"), addresses("r2")
    plain.lb.batch(f"address add {own}/32 dev lo")
    fact = f"{own}: this real server is this host itself (on lo)"
    balancer.wait_event(f"{fact}; what runs goes on with it")
    balancer.done("real", "set", "web", other, "--weight", "7")
    balancer.stop()
    balancer.start(up=6)
    balancer.wait_event(f"{fact}; what runs goes on with it")
    assert serves(plain.client)
    plain.lb.batch(f"address del {own}/32 dev lo")
    balancer.wait_event("no longer so: this real server is this host itself (on lo)")
    wait_until("all are up", lambda: balancer.count_up() >= 8, 10)


def test_a_network_appears_where_probes_are_sent_to(plain: Plain, balancer: Instance) -> None:
    balancer.start(config(health=f'health = {{ type = "tcp", port = {PORT}, interval = "1s" }}'))
    plain.lb.batch("address add 198.18.77.1/24 dev lo")
    fact = "198.18.77.0/24 is on lo"
    balancer.wait_event(f"{fact}. Give another prefix; what runs goes on with it")
    assert f"{fact}. Give another prefix" in _findings(balancer)
    balancer.done("real", "set", "web", addresses("r1")[0], "--weight", "7")
    balancer.kill()
    balancer.start()
    wait_until("all are checked", lambda: balancer.count_up() >= 8, 10)
    assert serves(plain.client)
    plain.lb.batch("address del 198.18.77.1/24 dev lo")
    balancer.wait_event("no longer so: addresses that nobody else has here")


TUNNELS = f"""\
[balancer]
interfaces = ["eth0"]
[[service]]
name = "web"
vip = "{VIP4}"
protocol = "tcp"
port = 80
mode = "l3dsr"
l3dsr.method = "ipip"
health.type = "none"
real = [{{ address = "{addresses("r1")[0]}" }}, {{ address = "{addresses("r2")[0]}" }}]
"""


def test_the_source_of_tunnels_goes_for_a_while(plain: Plain, balancer: Instance) -> None:
    """As where an address is leased anew: neither a change nor a start waits for it."""
    balancer.start(TUNNELS, up=2)
    plain.lb.batch("address del 10.78.0.2/24 dev eth0")
    fact = "there is no IPv4 address to send from on balancer.interfaces (eth0)"
    balancer.wait_event(fact)
    assert "FAILED  tunnel ipip: real servers are reached over IPv4" in _findings(balancer)
    balancer.done("real", "set", "web", addresses("r1")[0], "--weight", "7")
    balancer.kill()
    balancer.start(up=0)
    balancer.wait_event(fact)
    other = TUNNELS.replace('"ipip"', '"gue"')
    assert fact in balancer.dsrlb("apply", balancer.write(other)).stderr, "it is new to gue"
    plain.lb.batch("address add 10.78.0.2/24 dev eth0")
    balancer.wait_event("no longer so: real servers are reached over IPv4")
    wait_until("both get flows again", lambda: balancer.count_up() == 2, 10)
    balancer.done("apply", str(balancer.file))


def test_however_many_there_are_no_cycles_are_left(plain: Plain) -> None:
    """By the way of probes: what is in a cycle behind a change may stay for good."""
    plain.lb.batch(*(f"address add 10.79.0.{last}/32 dev eth0" for last in range(1, 251)))
    prefixes = [ip_network("198.18.0.0/16"), ip_network("fd00:d5::/96")]

    def left() -> int:
        veth.ensure("cycles", prefixes)
        gc.collect()
        gc.disable()
        try:
            veth.ensure("cycles", prefixes)
            return gc.collect()
        finally:
            gc.enable()

    try:
        assert plain.lb.call(left) < 1000  # a socket of pyroute2's, and rules
    finally:
        plain.lb.call(veth.remove, "cycles")
