# SPDX-License-Identifier: Apache-2.0
"""`--adopt-vip`: the VIP leaves the host's interfaces, and nothing else does."""

from __future__ import annotations

import json

import pytest

from tests.lab.instance import Instance, config
from tests.lab.plain import VIPS, Namespace, Plain, addresses
from tests.lab.traffic import serves

VIP4, VIP6 = VIPS
PROMOTE = "net.ipv4.conf.eth0.promote_secondaries"


def _present(namespace: Namespace) -> list[tuple[str, str, str, str]]:
    """(interface, address/prefix, scope, label), sorted; without the secondary mark."""
    shown = json.loads(namespace.run("ip", "-json", "address"))
    return sorted(
        (link["ifname"], f"{one['local']}/{one['prefixlen']}", one["scope"], one.get("label", ""))
        for link in shown
        for one in link["addr_info"]
        if one["scope"] != "link"
    )


@pytest.mark.parametrize("promote", ["0", "1"])
def test_the_hosts_own_address_behind_the_vip_stays(
    plain: Plain, balancer: Instance, promote: str
) -> None:
    """The VIP is the primary address of the subnet: the kernel would take the others with it."""
    own = addresses("lb")[0]
    plain.lb.run("sysctl", "-qw", f"{PROMOTE}={promote}")
    plain.lb.batch(
        f"address del {own}/24 dev eth0",
        f"address add {VIP4}/24 dev eth0",
        f"address add {own}/24 broadcast + dev eth0 label eth0:own",
        "address add 10.78.0.66/24 dev eth0",
    )
    before = _present(plain.lb)
    balancer.start(config(), "--adopt-vip")
    assert _present(plain.lb) == [one for one in before if one[1] != f"{VIP4}/24"]
    assert len(_present(plain.lb)) == len(before) - 1
    assert plain.lb.run("sysctl", "-n", PROMOTE) == f"{promote}\n", "as it was"
    balancer.wait_event(f"took {VIP4}/24 on eth0 off")
    assert serves(plain.client)


def test_the_vip_is_taken_off_every_interface(plain: Plain, balancer: Instance) -> None:
    plain.lb.batch(
        "link add d0 type veth peer name d1",
        "link set d0 up",
        f"address add {VIP4}/32 dev lo scope host",
        f"address add {VIP4}/24 dev eth0",
        f"address add {VIP4} peer 10.78.9.9/32 dev d0",
        f"address add {VIP6}/128 dev lo nodad",
        f"address add {VIP6}/64 dev eth0 nodad",
    )
    before = _present(plain.lb)
    balancer.start(config(), "--adopt-vip")
    assert _present(plain.lb) == [one for one in before if one[1].split("/")[0] not in VIPS]
    balancer.wait_event(f"{VIP4}/32 on lo")
    assert serves(plain.client)


def test_detach_does_not_give_the_address_back(plain: Plain, balancer: Instance) -> None:
    plain.lb.batch(f"address add {VIP4}/24 dev eth0")
    balancer.start(config(), "--adopt-vip")
    after = _present(plain.lb)
    balancer.done("detach")
    assert balancer.wait() == 0
    assert _present(plain.lb) == after


@pytest.mark.parametrize("dead", [False, True], ids=["by-the-daemon", "without-it"])
def test_back_to_a_vip_that_the_host_has_by_now(
    plain: Plain, balancer: Instance, dead: bool
) -> None:
    """The refusal names an option, which there is."""
    balancer.start(config())
    balancer.done("apply", balancer.write(config(vips=[VIP6])))
    plain.lb.batch(f"address add {VIP4}/24 dev eth0")
    after = [one for one in _present(plain.lb) if one[1] != f"{VIP4}/24"]
    if dead:
        balancer.kill()
    refused = balancer.dsrlb("rollback")
    assert refused.returncode == 2
    assert "let --adopt-vip do that" in refused.stderr
    balancer.done("rollback", "--adopt-vip")
    assert _present(plain.lb) == after
    assert serves(plain.client)


def test_a_service_gets_a_vip_that_the_host_has(plain: Plain, balancer: Instance) -> None:
    balancer.start(config(vips=[VIP6]), up=4)
    plain.lb.batch(f"address add {VIP4}/24 dev eth0")
    change = ("service", "set", "web", f"vip={VIP4},{VIP6}")
    assert "let --adopt-vip do that" in balancer.dsrlb(*change).stderr
    balancer.done(*change, "--adopt-vip")
    assert f"{VIP4}/24" not in [one[1] for one in _present(plain.lb)]
    assert serves(plain.client)
