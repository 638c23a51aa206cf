# SPDX-License-Identifier: Apache-2.0
"""As cases.py, for bridges, pools, and the modes in which replies come back."""

from __future__ import annotations

GOOD = """\
[balancer]
interfaces = ["eth0", "eth1", "eth2"]
# BALANCER
[[bridge]]
name = "br0"
ports = ["eth1", "eth2"]
reals_on = "eth2"
# BRIDGE
[[group]]
name = "web"
real = [{ address = ["10.0.0.11", "2001:db8:1::11"] }, { address = "10.0.0.12" }]
[[service]]
name = "arm"
vip = ["192.0.2.10", "2001:db8::10"]
protocol = "tcp"
port = 80
mode = "one-arm"
group = "web"
[service.snat]
pool = ["192.0.2.200-192.0.2.203", "2001:db8::c0/124"]
# ARM
[[service]]
name = "inline"
vip = "192.0.2.20"
protocol = "tcp"
port = 80
mode = "bridge"
real = [{ address = "192.0.2.21" }]
# INLINE
[[service]]
name = "home"
vip = "198.51.100.10"
protocol = "tcp"
port = 80
mode = "nat"
outbound = true
real = [{ address = "10.1.0.11" }]
snat.pool = "198.51.100.200"
# HOME
[[service]]
name = "way"
vip = "198.51.100.53"
protocol = "udp"
port = 53
mode = "router"
real = [{ address = "10.1.0.53" }]
# WAY
[[service]]
name = "near"
vip = "192.0.2.53"
protocol = "udp"
port = 53
mode = "l2dsr"
real = [{ address = "10.0.0.13" }]
# NEAR
"""
"""Lines: 3, 8, 21, 29, 39, 47, 55 comments; 5 name, 6 ports, 7 reals_on, 11 real, 14 vip, 17 mode,
20 pool, 27 mode, 28 real, 36 outbound, 38 snat, 46 real, 54 real."""

PORTS, REALS_ON = "bridge[0].ports", "bridge[0].reals_on"
ANOTHER = '[[bridge]]\nname = "{}"\nports = ["{}", "{}"]\nreals_on = "{}"'
MODES = "bridge, router, one-arm or nat"

BRIDGES = {
    # id: old, new, line, key, value, in the message
    "no-bridge": (
        '[[bridge]]\nname = "br0"\nports = ["eth1", "eth2"]\nreals_on = "eth2"\n',
        "",
        23,
        "service[1].mode",
        '"bridge"',
        "needs a [[bridge]] with the name of a kernel bridge, its two ports and reals_on",
    ),
    "one-bracket": (
        "[[bridge]]",
        "[bridge]",
        4,
        "bridge",
        '{ name = "br0", ports = ["eth1", "eth2"], reals_on = "eth...',
        "a list of tables: [[bridge]], with two brackets",
    ),
    "no-reals-on": ('reals_on = "eth2"\n', "", 4, REALS_ON, '"(absent)"', "this key is needed"),
    "unknown-key": (
        "# BRIDGE",
        'real_on = "eth2"',
        8,
        "bridge[0].real_on",
        '"eth2"',
        "unknown key; did you mean 'reals_on'? known: name, ports, reals_on",
    ),
    "one-port": ('["eth1", "eth2"]', '"eth2"', 6, PORTS, '"eth2"', "at least 2"),
    "three-ports": (
        '["eth1", "eth2"]',
        '["eth0", "eth1", "eth2"]',
        6,
        PORTS,
        '["eth0", "eth1", "eth2"]',
        "at most 2",
    ),
    "same-port": (
        '["eth1", "eth2"]',
        '["eth2", "eth2"]',
        6,
        PORTS,
        '["eth2", "eth2"]',
        "two different ports, one for each side",
    ),
    "port-not-ours": (
        '["eth1", "eth2"]',
        '["eth7", "eth2"]',
        6,
        PORTS,
        '"eth7"',
        "not one of balancer.interfaces (eth0, eth1, eth2); add it there",
    ),
    "reals-on-another": (
        'reals_on = "eth2"',
        'reals_on = "eth0"',
        7,
        REALS_ON,
        '"eth0"',
        "one of the ports: eth1 or eth2",
    ),
    "bridge-twice": (
        "# BRIDGE",
        ANOTHER.format("br0", "eth0", "eth1", "eth0"),
        9,
        "bridge[1].name",
        '"br0"',
        "bridge[0] is this one already; give each bridge once",
    ),
    "port-of-another": (
        "# BRIDGE",
        ANOTHER.format("br1", "eth0", "eth1", "eth0"),
        10,
        "bridge[1].ports",
        '"eth1"',
        "a port of bridge[0] already; an interface is in one bridge",
    ),
    "no-client-port": (
        "# INLINE",
        'interfaces = ["eth2", "eth0"]',
        29,
        "service[1].interfaces",
        '["eth2", "eth0"]',
        "no client could come in: add the port that they are behind (eth1)",
    ),
}

KEYS = {
    "schedule": (
        "# HOME",
        '[[service]]\nname = "more"\nvip = "198.51.100.11"\nprotocol = "tcp"\n'
        'port = 80\nmode = "router"\non_unknown = "schedule"\nreal = [{ address = "10.1.0.11" }]',
        45,
        "service[3].on_unknown",
        '"schedule"',
        "not in mode router: only a flow's first packet says where its replies go; give "
        '"drop", or "reset"',
    ),
    "one-packet": (
        "# WAY",
        "one_packet = true",
        47,
        "service[3].one_packet",
        "true",
        "not in mode router: replies are known by the flow, which would not be remembered; remove "
        "it, or take mode l2dsr or l3dsr",
    ),
    "outbound-router": (
        "# WAY",
        "outbound = true",
        47,
        "service[3].outbound",
        "true",
        'only with mode = "nat", not router; give that mode, or remove it',
    ),
    "outbound-text": ("# WAY", 'outbound = "yes"', 47, "service[3].outbound", '"yes"', "boolean"),
    "mss-clamp-l2dsr": (
        'protocol = "udp"\nport = 53\nmode = "l2dsr"',
        'protocol = "tcp"\nport = 53\nmode = "l2dsr"\nmss_clamp = 1400',
        54,
        "service[4].mss_clamp",
        "1400",
        f"only in mode {MODES}: in mode l2dsr the balancer does not see the replies",
    ),
    "mss-clamp-udp": (
        "# WAY",
        "mss_clamp = 1400",
        47,
        "service[3].mss_clamp",
        "1400",
        'only with protocol = "tcp"',
    ),
    "mss-clamp-small": (
        "# INLINE",
        "mss_clamp = 535",
        29,
        "service[1].mss_clamp",
        "535",
        "from 536 to 9000, or 0: off",
    ),
    "mss-clamp-large": (
        "# INLINE",
        "mss_clamp = 9001",
        29,
        "service[1].mss_clamp",
        "9001",
        "from 536 to 9000, or 0: off",
    ),
    "mss-clamp-text": (
        "# INLINE",
        'mss_clamp = "1400"',
        29,
        "service[1].mss_clamp",
        '"1400"',
        "integer",
    ),
    "port-l2dsr": (
        '{ address = "10.0.0.13" }',
        '{ address = "10.0.0.13", port = 5353 }',
        54,
        "service[4].real[0].port",
        "5353",
        "in mode l2dsr (service 'near') the port is kept: the real server listens on the service's "
        f"port; remove it, or take mode {MODES}",
    ),
    "port-range": (
        'port = 80\nmode = "one-arm"\ngroup = "web"',
        'port = "80-81"\nmode = "one-arm"\n'
        'real = [{ address = ["10.0.0.11", "2001:db8:1::11"], port = 8080 }]',
        18,
        "service[0].real[0].port",
        "8080",
        "service 'arm' has more than one port (80-81), and all would become this one; remove it "
        "(each port is kept), or give each port a service of its own",
    ),
    "port-several": (
        'port = 53\nmode = "router"\nreal = [{ address = "10.1.0.53" }]',
        'port = [53, 54]\nmode = "router"\nreal = [{ address = "10.1.0.53", port = 5353 }]',
        46,
        "service[3].real[0].port",
        "5353",
        "service 'way' has more than one port (53, 54)",
    ),
    "port-any": (
        'port = 53\nmode = "router"\nreal = [{ address = "10.1.0.53" }]',
        'port = "any"\nmode = "router"\nreal = [{ address = "10.1.0.53", port = 5353 }]',
        46,
        "service[3].real[0].port",
        "5353",
        "service 'way' has more than one port (any)",
    ),
    "port-of-a-shared-group": (
        '{ address = "10.0.0.12" }]',
        '{ address = "10.0.0.12", port = 8080 }]\n[[service]]\nname = "also"\nvip = "192.0.2.11"\n'
        'protocol = "tcp"\nport = 80\nmode = "l2dsr"\ngroup = "web"',
        11,
        "group[0].real[1].port",
        "8080",
        "in mode l2dsr (service 'also') the port is kept",
    ),
    "port-large": (
        '{ address = "10.1.0.53" }',
        '{ address = "10.1.0.53", port = 65536 }',
        46,
        "service[3].real[0].port",
        "65536",
        "less than or equal to 65535",
    ),
    "port-text": (
        '{ address = "10.1.0.53" }',
        '{ address = "10.1.0.53", port = "53" }',
        46,
        "service[3].real[0].port",
        '"53"',
        "integer",
    ),
}

CASES = BRIDGES | KEYS
