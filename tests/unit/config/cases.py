# SPDX-License-Identifier: Apache-2.0
"""A good configuration, and one bad value at a time put into it."""

from __future__ import annotations

GOOD = """\
[balancer]
interfaces = ["eth0"]

[[group]]
name = "web"

[[group.real]]
address = ["10.0.0.11", "2001:db8:1::11"]
weight = 2

[[group.real]]
address = "10.0.0.12"

[[service]]
name = "web"
vip = ["192.0.2.10", "2001:db8::10"]
protocol = "tcp"
port = [80, "8000-8099"]
mode = "l2dsr"
group = "web"

[[service]]
name = "dns"
vip = "192.0.2.53"
protocol = "udp"
port = 53
mode = "l2dsr"
[[service.real]]
address = "10.0.0.13"
"""
"""Lines: 2 interfaces, 9 weight, 16 vip, 18 port, 19 mode, 20 group, 22 second service, 29 real."""

VIP, PORT = "service[0].vip", "service[0].port"
WEIGHT, MAC = "group[0].real[0].weight", "group[0].real[0].mac"
A_PORT = 'a port from 1 to 65535, a range such as "8000-8099", or "any"'
A_TIME = 'a time such as "30s", "10m", "1h", or a number of seconds'
AN_ADDRESS = 'an IPv4 or IPv6 address such as "192.0.2.10"'
PORTS = 'port = [80, "8000-8099"]'
VIPS = 'vip = ["192.0.2.10", "2001:db8::10"]'
NUMBER = "port = 53"
DNS_PORT = "service[1].port"
IDLE = "service[1].idle_timeout"

CASES = {
    # id: old, new, line, key, value, in the message
    "unknown-key": ("weight = 2", "wieght = 2", 9, "group[0].real[0].wieght", "2", "did you mean"),
    "unknown-key-suggests": (
        "group = ",
        "gruop = ",
        20,
        "service[0].gruop",
        '"web"',
        "unknown key; did you mean 'group'?",
    ),
    "unknown-key-nothing-close": (
        "weight = 2",
        "zzz = 2",
        9,
        "group[0].real[0].zzz",
        "2",
        "unknown key; known: address, mac, max_open, max_open_low, port, weight",
    ),
    "unknown-table": ("[balancer]", "[foo.bar]\n[balancer]", 1, "foo", "{ bar = {} }", "unknown"),
    "real-port": (
        "weight = 2",
        "port = 8080",
        9,
        "group[0].real[0].port",
        "8080",
        "the port is kept",
    ),
    "weight-negative": ("weight = 2", "weight = -1", 9, WEIGHT, "-1", "greater than or equal to 0"),
    "weight-large": ("weight = 2", "weight = 65536", 9, WEIGHT, "65536", "equal to 65535"),
    "weight-bool": ("weight = 2", "weight = true", 9, WEIGHT, "true", "integer"),
    "weight-text": ("weight = 2", 'weight = "2"', 9, WEIGHT, '"2"', "integer"),
    "weight-float": ("weight = 2", "weight = 2.0", 9, WEIGHT, "2.0", "integer"),
    "mac-bad": ("weight = 2", 'mac = "02:00"', 9, MAC, '"02:00"', '"auto" or a MAC address'),
    "mac-group": (
        "weight = 2",
        'mac = "01:00:5e:00:00:01"',
        9,
        MAC,
        '"01:00:5e:00:00:01"',
        "of one station",
    ),
    "mac-zero": (
        "weight = 2",
        'mac = "00:00:00:00:00:00"',
        9,
        MAC,
        '"00:00:00:00:00:00"',
        "of one station",
    ),
    "port-0": (NUMBER, "port = 0", 26, DNS_PORT, "0", A_PORT),
    "port-70000": (NUMBER, "port = 70000", 26, DNS_PORT, "70000", A_PORT),
    "port-reversed": (NUMBER, 'port = "90-80"', 26, DNS_PORT, '"90-80"', A_PORT),
    "port-half-a-range": (NUMBER, 'port = "80-"', 26, DNS_PORT, '"80-"', A_PORT),
    "port-bool": (NUMBER, "port = true", 26, DNS_PORT, "true", A_PORT),
    "port-float": (NUMBER, "port = 53.0", 26, DNS_PORT, "53.0", A_PORT),
    "port-other-digits": (NUMBER, 'port = "٥٣"', 26, DNS_PORT, '"٥٣"', A_PORT),
    "port-none": (NUMBER, "port = []", 26, DNS_PORT, "[]", "at least 1"),
    "port-in-list": (PORTS, "port = [80, 0]", 18, PORT, "[80, 0]", A_PORT),
    "port-twice": (PORTS, "port = [80, 80]", 18, PORT, "80", "belongs to this service already"),
    "vip-family": (
        'address = ["10.0.0.11", "2001:db8:1::11"]',
        'address = "10.0.0.11"',
        16,
        VIP,
        '"2001:db8::10"',
        "no real server of this service has an IPv6 address; add one",
    ),
    "vip-multicast": (
        VIPS,
        'vip = ["224.0.0.1", "2001:db8::10"]',
        16,
        VIP + "[0]",
        '"224.0.0.1"',
        "unicast",
    ),
    "vip-multicast-6": (VIPS, 'vip = "ff02::1"', 16, VIP, '"ff02::1"', "a unicast address"),
    "vip-broadcast": (VIPS, 'vip = "255.255.255.255"', 16, VIP, '"255.255.255.255"', "unicast"),
    "vip-link-local": (VIPS, 'vip = "fe80::1"', 16, VIP, '"fe80::1"', "global or unique local"),
    "vip-scope": (VIPS, 'vip = "2001:db8::1%eth0"', 16, VIP, '"2001:db8::1%eth0"', AN_ADDRESS),
    "vip-no-address": (VIPS, 'vip = "2001:db8::zz"', 16, VIP, '"2001:db8::zz"', AN_ADDRESS),
    "vip-prefix": (VIPS, 'vip = "192.0.2.0/24"', 16, VIP, '"192.0.2.0/24"', AN_ADDRESS),
    "vip-number": (VIPS, "vip = 5", 16, VIP, "5", AN_ADDRESS),
    "vip-none": (VIPS, "vip = []", 16, VIP, "[]", "at least 1"),
    "vip-claimed": (
        'vip = "192.0.2.53"\nprotocol = "udp"\nport = 53',
        'vip = "192.0.2.10"\nprotocol = "tcp"\nport = [443, 80]',
        26,
        DNS_PORT,
        "80",
        "duplicate service: 192.0.2.10 tcp 80 belongs to service 'web' already",
    ),
    "range-claimed": (
        'vip = "192.0.2.53"\nprotocol = "udp"\nport = 53',
        'vip = "192.0.2.10"\nprotocol = "tcp"\nport = "8099-8100"',
        26,
        DNS_PORT,
        '"8099-8100"',
        "192.0.2.10 tcp 8000-8099 belongs to service 'web' already",
    ),
    "vip-is-a-real": (
        VIPS,
        'vip = "10.0.0.12"',
        12,
        "group[0].real[1].address",
        '"10.0.0.12"',
        "VIP",
    ),
    "name-twice": (
        'name = "dns"',
        'name = "web"',
        23,
        "service[1].name",
        '"web"',
        "service[0] has",
    ),
    "name-characters": (
        'name = "dns"',
        'name = "d n"',
        23,
        "service[1].name",
        '"d n"',
        "1 to 56 letters, digits, '_', '.' or '-'",
    ),
    "real-twice": (
        'address = "10.0.0.12"',
        'address = "10.0.0.11"',
        12,
        "group[0].real[1].address",
        '"10.0.0.11"',
        "duplicate real server: real[0] has this address",
    ),
    "real-one-family": (
        'address = "10.0.0.12"',
        'address = ["10.0.0.12", "10.0.0.14"]',
        12,
        "group[0].real[1].address",
        '["10.0.0.12", "10.0.0.14"]',
        "give one per family",
    ),
    "no-reals": (
        '[[service.real]]\naddress = "10.0.0.13"\n',
        "",
        22,
        "service[1]",
        '"dns"',
        "name a group or add [[service.real]]",
    ),
    "unknown-group": (
        'group = "web"',
        'group = "wbe"',
        20,
        "service[0].group",
        '"wbe"',
        "there is no such group; groups: web",
    ),
    "group-and-reals": (
        NUMBER,
        f'{NUMBER}\ngroup = "web"',
        27,
        "service[1].group",
        '"web"',
        "not both",
    ),
    "mode-unknown": (
        PORTS + '\nmode = "l2dsr"',
        PORTS + '\nmode = "dsr"',
        19,
        "service[0].mode",
        '"dsr"',
        "'l2dsr', 'l3dsr', 'bridge', 'router', 'one-arm' or 'nat'",
    ),
    "duration-unit": (NUMBER, f'{NUMBER}\nidle_timeout = "10x"', 27, IDLE, '"10x"', A_TIME),
    "duration-float": (NUMBER, f"{NUMBER}\nidle_timeout = 1.5", 27, IDLE, "1.5", A_TIME),
    "duration-bool": (NUMBER, f"{NUMBER}\nidle_timeout = true", 27, IDLE, "true", A_TIME),
    "duration-0": (NUMBER, f"{NUMBER}\nidle_timeout = 0", 27, IDLE, "0", "between 1s and 7d"),
    "duration-8d": (NUMBER, f'{NUMBER}\nidle_timeout = "8d"', 27, IDLE, '"8d"', "1s and 7d"),
    "interface-not-ours": (
        NUMBER,
        f'{NUMBER}\ninterfaces = "eth7"',
        27,
        "service[1].interfaces",
        '"eth7"',
        "not one of balancer.interfaces (eth0)",
    ),
    "interface-twice": (
        '["eth0"]',
        '["eth0", "eth0"]',
        2,
        "balancer.interfaces",
        '"eth0"',
        "twice",
    ),
    "announce-text": (
        '["eth0"]',
        '["eth0"]\nannounce = "yes"',
        3,
        "balancer.announce",
        '"yes"',
        "boolean",
    ),
    "capacity-text": (
        '["eth0"]',
        '["eth0"]\nflow_capacity = "5000"',
        3,
        "balancer.flow_capacity",
        '"5000"',
        "integer",
    ),
    "missing-key": ('protocol = "udp"\n', "", 22, "service[1].protocol", '"(absent)"', "needed"),
    "missing-in-balancer": (
        'interfaces = ["eth0"]\n',
        "",
        1,
        "balancer.interfaces",
        '"(absent)"',
        "needed",
    ),
    "real-is-no-table": (
        '[[service.real]]\naddress = "10.0.0.13"\n',
        'real = ["10.0.0.13"]\n',
        28,
        "service[1].real[0]",
        '"10.0.0.13"',
        'a table: { address = "10.0.0.13" }',
    ),
}
