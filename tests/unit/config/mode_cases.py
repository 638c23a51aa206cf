# SPDX-License-Identifier: Apache-2.0
"""As cases.py, for modes, methods and tunnels."""

from __future__ import annotations

GOOD = """\
[balancer]
interfaces = ["eth0"]
# BALANCER
[[group]]
name = "web"
real = [{ address = "10.0.0.11" }, { address = "10.0.0.12" }]
[[service]]
name = "web"
vip = "192.0.2.10"
protocol = "tcp"
port = 80
mode = "l3dsr"
group = "web"
[service.l3dsr]
method = "dscp"
dscp = 12
# WEB
[[service]]
name = "six"
vip = "2001:db8::10"
protocol = "tcp"
port = 80
mode = "l3dsr"
group = "web"
[service.l3dsr]
method = "gue"
# SIX
[[service]]
name = "near"
vip = "192.0.2.53"
protocol = "udp"
port = 53
mode = "l2dsr"
real = [{ address = "10.0.0.13" }]
"""
"""Lines: 3 comment, 9 vip, 12 mode, 14 l3dsr, 17 comment, 25 l3dsr, 27 comment, 33 mode."""

DSCP, METHOD, GUE_PORT = (f"service[0].l3dsr.{key}" for key in ("dscp", "method", "gue_port"))
TUNNEL_SOURCE = "balancer.tunnel_source"
DIFFER = "give each VIP a code of its own, such as 1"
KEPT = "the port is kept: the real server listens on the service's port"

CASES = {
    # id: old, new, line, key, value, in the message
    "no-table": (
        'mode = "l3dsr"\ngroup = "web"\n[service.l3dsr]\nmethod = "dscp"\ndscp = 12\n',
        'mode = "l3dsr"\ngroup = "web"\n',
        12,
        "service[0].mode",
        '"l3dsr"',
        'needs [service.l3dsr] with method = "dscp", "ipip" or "gue"',
    ),
    "table-of-another-mode": (
        'mode = "l3dsr"\ngroup = "web"\n[service.l3dsr]\nmethod = "dscp"',
        'mode = "l2dsr"\ngroup = "web"\n[service.l3dsr]\nmethod = "dscp"',
        12,
        "service[0].mode",
        '"l2dsr"',
        '[service.l3dsr] belongs to mode = "l3dsr"; give that mode, or remove the table',
    ),
    "no-method": ('method = "dscp"\n', "", 14, METHOD, '"(absent)"', "this key is needed"),
    "method-unknown": (
        'method = "dscp"',
        'method = "gre"',
        15,
        METHOD,
        '"gre"',
        "'dscp', 'ipip' or 'gue'",
    ),
    "no-table-but-text": (
        '[service.l3dsr]\nmethod = "gue"\n',
        'l3dsr = "gue"\n',
        25,
        "service[1].l3dsr",
        '"gue"',
        'a table: l3dsr.method = "gue"',
    ),
    "unknown-key": (
        "dscp = 12",
        "dcsp = 12",
        16,
        "service[0].l3dsr.dcsp",
        "12",
        "unknown key; did you mean 'dscp'? known: dscp, gue_port, method",
    ),
    "dscp-missing": (
        "dscp = 12\n",
        "",
        14,
        DSCP,
        '"(absent)"',
        'method = "dscp" needs a code from 1 to 63',
    ),
    "dscp-0": ("dscp = 12", "dscp = 0", 16, DSCP, "0", "greater than or equal to 1"),
    "dscp-64": ("dscp = 12", "dscp = 64", 16, DSCP, "64", "less than or equal to 63"),
    "dscp-text": ("dscp = 12", 'dscp = "af12"', 16, DSCP, '"af12"', "integer"),
    "dscp-bool": ("dscp = 12", "dscp = true", 16, DSCP, "true", "integer"),
    "dscp-with-ipip": (
        'method = "dscp"',
        'method = "ipip"',
        16,
        DSCP,
        "12",
        'only with method = "dscp", not ipip',
    ),
    "dscp-with-gue": (
        "# SIX",
        "dscp = 9",
        27,
        "service[1].l3dsr.dscp",
        "9",
        'only with method = "dscp", not gue',
    ),
    "gue-port-with-dscp": (
        "# WEB",
        "gue_port = 6080",
        17,
        GUE_PORT,
        "6080",
        'only with method = "gue", not dscp',
    ),
    "gue-port-with-ipip": (
        'method = "dscp"\ndscp = 12',
        'method = "ipip"\ngue_port = 6081',
        16,
        GUE_PORT,
        "6081",
        'only with method = "gue", not ipip',
    ),
    "gue-port-0": ("# SIX", "gue_port = 0", 27, "service[1].l3dsr.gue_port", "0", "equal to 1"),
    "gue-port-large": (
        "# SIX",
        "gue_port = 65536",
        27,
        "service[1].l3dsr.gue_port",
        "65536",
        "equal to 65535",
    ),
    "gue-port-text": (
        "# SIX",
        'gue_port = "6080"',
        27,
        "service[1].l3dsr.gue_port",
        '"6080"',
        "integer",
    ),
    "code-of-two-vips": (
        'vip = "192.0.2.10"',
        'vip = ["192.0.2.10", "192.0.2.11"]',
        16,
        DSCP,
        "12",
        "real server 10.0.0.11 could not tell 192.0.2.11 from 192.0.2.10 (of this service too), "
        f"which has this code; {DIFFER}",
    ),
    "code-of-two-services": (
        'mode = "l2dsr"\nreal = [{ address = "10.0.0.13" }]',
        'mode = "l3dsr"\nl3dsr = { method = "dscp", dscp = 12 }\n'
        'real = [{ address = "10.0.0.13" }, { address = "10.0.0.12" }]',
        34,
        "service[2].l3dsr.dscp",
        "12",
        "real server 10.0.0.12 could not tell 192.0.2.53 from 192.0.2.10 (of service 'web'), "
        f"which has this code; {DIFFER}",
    ),
    "vip-family-dscp": (
        'vip = "192.0.2.10"',
        'vip = ["192.0.2.10", "2001:db8::11"]',
        9,
        "service[0].vip",
        '"2001:db8::11"',
        "no real server of this service has an IPv6 address; add one to a real's address list, or "
        "remove this VIP (methods ipip and gue also reach real servers of the other family)",
    ),
    "vip-family-l2dsr": (
        'vip = "192.0.2.53"',
        'vip = ["192.0.2.53", "2001:db8::53"]',
        30,
        "service[2].vip",
        '"2001:db8::53"',
        "add one to a real's address list, or remove this VIP",
    ),
    "real-port": (
        '{ address = "10.0.0.13" }',
        '{ address = "10.0.0.13", port = 53 }',
        34,
        "service[2].real[0].port",
        "53",
        KEPT,
    ),
    "source-host-bits": (
        "# BALANCER",
        'tunnel_source = "198.51.100.1/24"',
        3,
        TUNNEL_SOURCE,
        '"198.51.100.1/24"',
        "a network: 198.51.100.0/24, or the address alone: 198.51.100.1",
    ),
    "source-twice": (
        "# BALANCER",
        'tunnel_source = ["198.51.100.0/24", "2001:db8:5::/64", "203.0.113.1"]',
        3,
        TUNNEL_SOURCE,
        '"203.0.113.1/32"',
        "one IPv4 address or prefix; there is 198.51.100.0/24 already",
    ),
    "source-multicast": (
        "# BALANCER",
        'tunnel_source = "ff05::/16"',
        3,
        TUNNEL_SOURCE,
        '"ff05::/16"',
        "unicast addresses that can be routed to the balancer",
    ),
    "source-loopback": (
        "# BALANCER",
        'tunnel_source = "127.0.0.1"',
        3,
        TUNNEL_SOURCE,
        '"127.0.0.1/32"',
        "unicast addresses",
    ),
    "source-link-local": (
        "# BALANCER",
        'tunnel_source = "fe80::1"',
        3,
        TUNNEL_SOURCE,
        '"fe80::1/128"',
        "unicast addresses",
    ),
    "source-is-a-vip": (
        "# BALANCER",
        'tunnel_source = "2001:db8::10"',
        3,
        TUNNEL_SOURCE,
        '"2001:db8::10/128"',
        "addresses of the balancer's alone; this one is or has that of VIP 2001:db8::10",
    ),
    "source-has-a-real": (
        "# BALANCER",
        'tunnel_source = "10.0.0.8/29"',
        3,
        TUNNEL_SOURCE,
        '"10.0.0.8/29"',
        "this one is or has that of real server 10.0.0.11",
    ),
}
