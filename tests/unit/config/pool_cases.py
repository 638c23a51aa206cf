# SPDX-License-Identifier: Apache-2.0
"""Wrong pools, put one at a time into the good text of nat_cases.py."""

from __future__ import annotations

POOL, HOME_POOL = "service[0].snat.pool", "service[2].snat.pool"
A_RANGE = (
    'an address, a range such as "192.0.2.200-192.0.2.203", or a prefix such as "192.0.2.192/28"'
)
NEEDS_POOL = 'needs [service.snat] with a pool, such as pool = ["192.0.2.200-192.0.2.203"]: '
V4_POOL = 'pool = ["192.0.2.200-192.0.2.203", "2001:db8::c0/124"]'

POOLS = {
    "no-pool-one-arm": (
        f"[service.snat]\n{V4_POOL}\n",
        "",
        17,
        "service[0].mode",
        '"one-arm"',
        f"{NEEDS_POOL}the addresses that clients get as their source",
    ),
    "no-pool-outbound": (
        'snat.pool = "198.51.100.200"\n',
        "",
        36,
        "service[2].outbound",
        "true",
        f"{NEEDS_POOL}the addresses that real servers get as their source",
    ),
    "pool-without-outbound": (
        "outbound = true\n",
        "",
        37,
        "service[2].snat",
        '"198.51.100.200"',
        "in mode nat is for what real servers open, and clients keep their addresses; give "
        "outbound = true too, or remove the table",
    ),
    "pool-in-another-mode": (
        "# WAY",
        'snat.pool = "198.51.100.201"',
        45,
        "service[3].mode",
        '"router"',
        '[service.snat] belongs to mode = "one-arm", and to mode = "nat" with outbound = true; '
        "give one of them, or remove the table",
    ),
    "no-pool-in-it": (f"{V4_POOL}\n", "", 19, POOL, '"(absent)"', "this key is needed"),
    "pool-empty": (V4_POOL, "pool = []", 20, POOL, "[]", "at least 1"),
    "table-unknown-key": (
        V4_POOL,
        'pol = "192.0.2.200"\n' + V4_POOL,
        20,
        "service[0].snat.pol",
        '"192.0.2.200"',
        "unknown key; did you mean 'pool'? known: pool, toa",
    ),
    "toa-text": ("# ARM", 'toa = "yes"', 21, "service[0].snat.toa", '"yes"', "boolean"),
    "toa-alone": (V4_POOL, "toa = true", 19, POOL, '"(absent)"', "this key is needed"),
    "toa-udp": (
        "# WAY",
        '[[service]]\nname = "udp"\nvip = "192.0.2.99"\nprotocol = "udp"\nport = 53\n'
        'mode = "one-arm"\ngroup = "web"\nsnat = { pool = "192.0.2.98", toa = true }\n',
        54,
        "service[4].snat.toa",
        "true",
        'only with protocol = "tcp", not udp: a TCP option; remove it',
    ),
    "toa-nat": (
        "# HOME",
        "snat.toa = true",
        39,
        "service[2].snat.toa",
        "true",
        "only in mode one-arm: in mode nat real servers see clients' addresses; remove it",
    ),
    "toa-in-another-mode": (
        "# NEAR",
        'snat = { pool = "192.0.2.98", toa = true }',
        53,
        "service[4].mode",
        '"l2dsr"',
        '[service.snat] belongs to mode = "one-arm"',
    ),
    "toa-in-the-wrong-table": ("# WAY", "toa = true", 47, "service[3].toa", "true", "unknown key"),
    "pool-of-other-family": (
        'snat.pool = "198.51.100.200"',
        'snat.pool = ["198.51.100.200", "2001:db8:5::1-2001:db8:5::4"]',
        38,
        HOME_POOL,
        '"2001:db8:5::1-2001:db8:5::4"',
        "the service has no IPv6 VIP; add one, or remove this",
    ),
    "family-without-pool": (
        V4_POOL,
        'pool = "192.0.2.200-192.0.2.203"',
        20,
        POOL,
        '"192.0.2.200-192.0.2.203"',
        "no IPv6 address, which clients of 2001:db8::10 need; add one, or remove 2001:db8::10",
    ),
    "pool-large": (
        V4_POOL,
        'pool = ["203.0.113.0/25", "100.64.7.0-100.64.7.128", "2001:db8::c0/124"]',
        20,
        POOL,
        '"203.0.113.0-203.0.113.127, 100.64.7.0-100.64.7.128, 2001...',
        "at most 256 IPv4 addresses; there are 257",
    ),
    "pool-range-large": (
        V4_POOL,
        'pool = ["198.18.0.0-198.18.1.0", "2001:db8::c0/124"]',
        20,
        f"{POOL}[0]",
        '"198.18.0.0-198.18.1.0"',
        "at most 256 addresses, which is a /24 or an IPv6 /120",
    ),
    "pool-prefix-large": (
        V4_POOL,
        'pool = ["192.0.2.200", "2001:db8:9::/64"]',
        20,
        f"{POOL}[1]",
        '"2001:db8:9::/64"',
        "at most 256 addresses",
    ),
    "pool-reversed": (
        V4_POOL,
        'pool = ["192.0.2.203-192.0.2.200", "2001:db8::c0/124"]',
        20,
        f"{POOL}[0]",
        '"192.0.2.203-192.0.2.200"',
        "a range from its first address to its last: 192.0.2.200-192.0.2.203",
    ),
    "pool-host-bits": (
        V4_POOL,
        'pool = ["192.0.2.200/28", "2001:db8::c0/124"]',
        20,
        f"{POOL}[0]",
        '"192.0.2.200/28"',
        "a network: 192.0.2.192/28, or the address alone: 192.0.2.200",
    ),
    "pool-multicast": (
        '"198.51.100.200"',
        '"223.255.255.250-224.0.0.1"',
        38,
        HOME_POOL,
        '"223.255.255.250-224.0.0.1"',
        "a unicast address",
    ),
    "pool-link-local": (
        '"198.51.100.200"',
        '"fe80::1"',
        38,
        HOME_POOL,
        '"fe80::1"',
        "a global or unique local IPv6 address",
    ),
    "pool-twice": (
        '"198.51.100.200"',
        '["198.51.100.200", "198.51.100.200/32"]',
        38,
        HOME_POOL,
        '"198.51.100.200"',
        "this stands twice; give each address once",
    ),
    "pool-overlap": (
        '"198.51.100.200"',
        '["198.51.100.200-198.51.100.210", "198.51.100.208/28"]',
        38,
        HOME_POOL,
        '"198.51.100.208-198.51.100.223"',
        "overlaps with 198.51.100.200-198.51.100.210; give each address once",
    ),
    "pool-has-a-vip": (
        '"198.51.100.200"',
        '"198.51.100.8/29"',
        38,
        HOME_POOL,
        '"198.51.100.8-198.51.100.15"',
        "addresses of this pool's alone; this is or has one of VIP 198.51.100.10 (of service "
        "'home')",
    ),
    "pool-is-another-vip": (
        '"198.51.100.200"',
        '"192.0.2.53"',
        38,
        HOME_POOL,
        '"192.0.2.53"',
        "VIP 192.0.2.53 (of service 'near')",
    ),
    "pool-is-a-real": (
        V4_POOL,
        'pool = ["10.0.0.12", "2001:db8::c0/124"]',
        20,
        POOL,
        '"10.0.0.12"',
        "this is or has one of real server 10.0.0.12",
    ),
    "pool-in-tunnel-source": (
        "# BALANCER",
        'tunnel_source = "198.51.100.192/28"',
        38,
        HOME_POOL,
        '"198.51.100.200"',
        "this is or has one of balancer.tunnel_source 198.51.100.192/28",
    ),
    "two-outbound-pools": (
        "# HOME",
        '[[service]]\nname = "more"\nvip = "198.51.100.11"\nprotocol = "tcp"\nport = 80\n'
        'mode = "nat"\noutbound = true\nreal = [{ address = "10.1.0.11" }]\n'
        'snat.pool = "198.51.100.201"',
        47,
        "service[3].snat.pool",
        '"198.51.100.201"',
        "what real server 10.1.0.11 opens gets an address of another pool already (of service "
        "'home'); give both the same pool, or only one of them outbound",
    ),
}
NO_POOLS = (
    "5",
    "true",
    '""',
    '"x"',
    '"192.0.2.200-"',
    '"192.0.2.200-203"',
    '"192.0.2.200-2001:db8::1"',
    '"192.0.2.1-192.0.2.2-192.0.2.3"',
    '"2001:db8::1%eth0"',
)
