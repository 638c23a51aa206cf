# SPDX-License-Identifier: Apache-2.0
"""As policy_cases.py, for algorithms and the addresses of probes."""

from __future__ import annotations

GOOD = """\
[balancer]
interfaces = ["eth0"]
# BALANCER
[[group]]
name = "web"
health.type = "none"
[[group.real]]
address = ["10.0.0.11", "2001:db8:1::11"]
# REAL
[[group.real]]
address = ["10.0.0.12", "2001:db8:1::12"]
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
"""The comments are on lines 3, 9, 19 and 27."""

ALGORITHM, SIZE, PREFIX = "service[0].algorithm", "service[0].table_size", "balancer.probe_prefix"
SIZES = "0, 4093, 65537, 262147"
MAGLEV = 'algorithm = "maglev"'
FASTEST = 'algorithm = "fastest-response-time"'

CASES = {
    # id: comment, lines, line, key, value, in the message
    "algorithm-unknown": (
        "web",
        'algorithm = "least-conn"',
        19,
        ALGORITHM,
        '"least-conn"',
        "'fastest-response-time', 'adaptive', 'hash' or 'maglev'",
    ),
    "hash-on-nothing": (
        "web",
        'hash_on = "tuple"',
        19,
        "service[0].hash_on",
        '"tuple"',
        "only with algorithm hash or maglev, not round-robin; remove it",
    ),
    "hash-on-unknown": (
        "web",
        f'{MAGLEV}\nhash_on = "port"',
        20,
        "service[0].hash_on",
        '"port"',
        "'source' or 'tuple'",
    ),
    "table-of-nothing": (
        "web",
        'table_size = 4093\nalgorithm = "weighted-round-robin"',
        19,
        SIZE,
        "4093",
        "only with algorithm hash or maglev, not weighted-round-robin",
    ),
    "table-other-size": ("web", f"{MAGLEV}\ntable_size = 1000", 20, SIZE, "1000", SIZES),
    "table-text": ("web", f'{MAGLEV}\ntable_size = "4093"', 20, SIZE, '"4093"', SIZES),
    "table-bool": ("web", f"{MAGLEV}\ntable_size = false", 20, SIZE, "false", SIZES),
    "counted-one-packet": (
        "dns",
        'one_packet = true\nalgorithm = "adaptive"',
        28,
        "service[1].algorithm",
        '"adaptive"',
        "goes by their numbers; take one of round-robin, weighted-round-robin, hash and maglev",
    ),
    "counted-one-packet-by-weight": (
        "dns",
        'one_packet = true\nalgorithm = "weighted-least-connection"',
        28,
        "service[1].algorithm",
        '"weighted-least-connection"',
        "flows that are not remembered are not counted",
    ),
    "timed-udp": (
        "dns",
        FASTEST,
        27,
        "service[1].algorithm",
        '"fastest-response-time"',
        "in mode l2dsr response times are those of TCP probes, and the service is udp; take mode "
        "bridge, router, one-arm or nat, where replies are seen, or another algorithm",
    ),
    "seed-negative": ("balancer", "hash_seed = -1", 3, "balancer.hash_seed", "-1", "equal to 0"),
    "seed-large": (
        "balancer",
        "hash_seed = 18446744073709551616",
        3,
        "balancer.hash_seed",
        "18446744073709551616",
        "18446744073709551615",
    ),
    "seed-text": ("balancer", 'hash_seed = "7"', 3, "balancer.hash_seed", '"7"', "integer"),
    "probe-host-bits": (
        "balancer",
        'probe_prefix = "10.9.0.1/16"',
        3,
        PREFIX,
        '"10.9.0.1/16"',
        "a network: 10.9.0.0/16",
    ),
    "probe-long": (
        "balancer",
        'probe_prefix = "10.9.0.0/17"',
        3,
        PREFIX,
        '"10.9.0.0/17"',
        "for each of 65,536 real servers: /16 or shorter",
    ),
    "probe-long-6": (
        "balancer",
        'probe_prefix = "fd00:9::/113"',
        3,
        PREFIX,
        '"fd00:9::/113"',
        "/112 or shorter",
    ),
    "probe-twice": (
        "balancer",
        'probe_prefix = ["10.9.0.0/16", "10.8.0.0/16"]',
        3,
        PREFIX,
        '"10.8.0.0/16"',
        "one IPv4 prefix; there is 10.9.0.0/16 already",
    ),
    "probe-multicast": (
        "balancer",
        'probe_prefix = "239.1.0.0/16"',
        3,
        PREFIX,
        '"239.1.0.0/16"',
        "unicast addresses",
    ),
    "probe-vip": (
        "balancer",
        'probe_prefix = "192.0.0.0/16"',
        3,
        PREFIX,
        '"192.0.0.0/16"',
        "this has that of VIP 192.0.2.10 (of service 'web'). Give another prefix, of IPv4 /16",
    ),
    "probe-real": (
        "balancer",
        'probe_prefix = ["fd00:9::/96", "10.0.0.0/16"]',
        3,
        PREFIX,
        '"10.0.0.0/16"',
        "real server 10.0.0.11",
    ),
    "probe-real-6": (
        "balancer",
        'probe_prefix = "2001:db8:1::/96"',
        3,
        PREFIX,
        '"2001:db8:1::/96"',
        "real server 2001:db8:1::11. Give another prefix, of IPv6 /112",
    ),
    "probe-tunnels": (
        "balancer",
        'probe_prefix = "10.9.0.0/16"\ntunnel_source = "10.9.1.1"',
        3,
        PREFIX,
        '"10.9.0.0/16"',
        "balancer.tunnel_source 10.9.1.1/32",
    ),
}
