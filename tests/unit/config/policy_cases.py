# SPDX-License-Identifier: Apache-2.0
"""As cases.py, for lists, rates, limits and persistence."""

from __future__ import annotations

GOOD = """\
[balancer]
interfaces = ["eth0"]
[[group]]
name = "web"
[[group.real]]
address = ["10.0.0.11", "2001:db8:1::11"]
# REAL
[[service]]
name = "web"
vip = ["192.0.2.10", "2001:db8::10"]
protocol = "tcp"
port = 80
mode = "l2dsr"
group = "web"
# WEB
[[service]]
name = "dns"
vip = "192.0.2.53"
protocol = "udp"
port = 53
mode = "l2dsr"
real = [{ address = "10.0.0.11" }]
# DNS
"""
"""The comments are on lines 7, 15 and 23."""

A_TIME = 'a time such as "30s", "10m", "1h", or a number of seconds'
A_PREFIX = 'a prefix such as "192.0.2.0/24" or "2001:db8::/32", or an address'
PATTERN = "1 to 56 letters, digits, '_', '.' or '-'"


CASES = {
    # id: comment, lines, line, key, value, in the message
    "scan-interval-0": (None, "scan_interval = 0", 3, "balancer.scan_interval", "0", "between 1s"),
    "scan-interval-long": (
        None,
        'scan_interval = "2m"',
        3,
        "balancer.scan_interval",
        '"2m"',
        "between 1s and 60s",
    ),
    "scan-interval-text": (
        None,
        'scan_interval = "fast"',
        3,
        "balancer.scan_interval",
        '"fast"',
        A_TIME,
    ),
    "on-unknown": (
        "web",
        'on_unknown = "rst"',
        15,
        "service[0].on_unknown",
        '"rst"',
        "'drop', 'reset' or 'schedule'",
    ),
    "prefix-host-bits": (
        "web",
        'allow = "192.0.2.1/24"',
        15,
        "service[0].allow",
        '"192.0.2.1/24"',
        "a network: 192.0.2.0/24, or the address alone: 192.0.2.1",
    ),
    "prefix-host-bits-6": (
        "web",
        'deny = ["10.0.0.0/8", "2001:db8::1/32"]',
        15,
        "service[0].deny[1]",
        '"2001:db8::1/32"',
        "a network: 2001:db8::/32",
    ),
    "prefix-mapped": (
        "web",
        'deny = "::ffff:192.0.2.0/120"',
        15,
        "service[0].deny",
        '"::ffff:192.0.2.0/120"',
        "IPv4 prefixes as such",
    ),
    "both-lists": (
        "web",
        'allow = ["10.0.0.0/8", "::/0"]\ndeny = "10.0.0.0/8"',
        16,
        "service[0].deny",
        '"10.0.0.0/8"',
        "allow has this prefix too",
    ),
    "prefix-twice": (
        "web",
        'allow = ["10.0.0.1", "::/0", "10.0.0.1/32"]',
        15,
        "service[0].allow",
        '"10.0.0.1/32"',
        "stands twice",
    ),
    "one-packet-tcp": (
        "web",
        "one_packet = true",
        15,
        "service[0].one_packet",
        "true",
        'only with protocol = "udp"',
    ),
    "one-packet-persistence": (
        "dns",
        "one_packet = true\npersistence = 60",
        23,
        "service[1].one_packet",
        "true",
        "not with persistence",
    ),
    "one-packet-text": (
        "dns",
        'one_packet = "yes"',
        23,
        "service[1].one_packet",
        '"yes"',
        "boolean",
    ),
    "persistence-text": (
        "web",
        'persistence = "always"',
        15,
        "service[0].persistence",
        '"always"',
        f"{A_TIME}; 0 is off",
    ),
    "persistence-bool": (
        "web",
        "persistence = false",
        15,
        "service[0].persistence",
        "false",
        A_TIME,
    ),
    "persistence-long": (
        "web",
        'persistence = "8d"',
        15,
        "service[0].persistence",
        '"8d"',
        "between 1s and 7d; 0 is off",
    ),
    "group-alone": (
        "web",
        'persistence_group = "g"',
        15,
        "service[0].persistence_group",
        '"g"',
        "needs persistence",
    ),
    "group-name": (
        "web",
        'persistence = 60\npersistence_group = "a b"',
        16,
        "service[0].persistence_group",
        '"a b"',
        PATTERN,
    ),
    "low-alone": (
        "real",
        "max_open_low = 5",
        7,
        "group[0].real[0].max_open_low",
        "5",
        "no max_open",
    ),
    "low-equal": (
        "real",
        "max_open = 5\nmax_open_low = 5",
        8,
        "group[0].real[0].max_open_low",
        "5",
        "less than max_open, which is 5",
    ),
    "low-negative": (
        "real",
        "max_open = 5\nmax_open_low = -1",
        8,
        "group[0].real[0].max_open_low",
        "-1",
        "equal to 0",
    ),
    "max-open-large": (
        "real",
        "max_open = 16_000_001",
        7,
        "group[0].real[0].max_open",
        "16000001",
        "equal to 16000000",
    ),
}
