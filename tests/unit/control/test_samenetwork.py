# SPDX-License-Identifier: Apache-2.0
"""Changes that concern the network, and those that do not: these cost no look at it."""

from __future__ import annotations

import pytest

from dsrlb.config import Config, parse
from dsrlb.config.sharing import sharing
from dsrlb.control.hostchecks import same_network

TEXT = """\
[balancer]
interfaces = ["eth0", "eth1"]
[[bridge]]
name = "br0"
ports = ["eth0", "eth1"]
reals_on = "eth1"
[[group]]
name = "g"
health.interval = "5s"
health.port = 53
real = [{ address = "10.0.0.9" }]
[[service]]
name = "web"
vip = "192.0.2.10"
protocol = "tcp"
port = 80
mode = "l2dsr"
health.type = "none"
real = [{ address = "10.0.0.11" }, { address = "10.0.0.12" }]
[[service]]
name = "arm"
vip = "192.0.2.20"
protocol = "tcp"
port = 53
mode = "one-arm"
snat.pool = ["10.1.0.200-10.1.0.203"]
group = "g"
[[service]]
name = "asked"
vip = "192.0.2.30"
protocol = "tcp"
port = 80
mode = "l2dsr"
health.interval = "4s"
real = [{ address = "10.0.0.14" }]
"""


def changed(old: str, new: str) -> tuple[Config, Config]:
    """Before and after, with what they have in common."""
    assert TEXT.count(old) >= 1
    before = parse(TEXT, "f")
    return before, sharing(parse(TEXT.replace(old, new, 1), "f"), before)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[balancer]", '[balancer]\nprobe_prefix = ["10.77.0.0/16", "fd00:7::/96"]'),
        ('reals_on = "eth1"', 'reals_on = "eth0"'),
        ('"4s"', '"6s"'),
        ('"5s"', '"7s"'),
        ('name = "web"', 'name = "other"'),
        ("192.0.2.10", "192.0.2.11"),
        ('"tcp"', '"udp"'),
        ('"l2dsr"', '"router"'),
        ('"l2dsr"', '"l2dsr"\ninterfaces = ["eth1"]'),
        ("10.1.0.203", "10.1.0.204"),
        ('type = "none"', 'interval = "3s"'),
        ('mode = "l2dsr"', 'mode = "l2dsr"\nalgorithm = "fastest-response-time"'),
        (TEXT[TEXT.rindex("[[service]]") :], ""),
    ],
)
def test_another_network(old: str, new: str) -> None:
    before, after = changed(old, new)
    assert not same_network(before, after)
    assert not same_network(after, before)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('address = "10.0.0.12"', 'address = "10.0.0.12", weight = 7'),
        ("port = 80", "port = 81"),
        ('mode = "l2dsr"', 'mode = "l2dsr"\nalgorithm = "weighted-round-robin"'),
    ],
)
def test_the_same_network(old: str, new: str) -> None:
    before, after = changed(old, new)
    assert before != after
    assert same_network(before, after)
