# SPDX-License-Identifier: Apache-2.0
"""As policy_cases.py, for health tables and what follows from them."""

from __future__ import annotations

GOOD = """\
[balancer]
interfaces = ["eth0"]  # BALANCER
[[group]]
name = "web"
# GROUP
[[group.real]]
address = ["10.0.0.11", "2001:db8:1::11"]
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
"""The comments are on lines 5, 17 and 25."""

H = "service[0].health"

CASES = {
    # id: comment, lines, line, key, value, in the message
    "type-unknown": ("web", 'health.type = "ping"', 17, f"{H}.type", '"ping"', "'icmp'"),
    "text-for-a-table": ("web", 'health = "tcp"', 17, H, '"tcp"', 'a table: health.type = "tcp"'),
    "key-unknown": ("web", "health.intervall = 2", 17, f"{H}.intervall", "2", "'interval'"),
    "timeout-longer": (
        "web",
        'health = { interval = "1s", timeout = "2s" }',
        17,
        f"{H}.timeout",
        '"2s"',
        "not more than interval, which is 1s",
    ),
    "path-of-tcp": (
        "web",
        'health.path = "/"',
        17,
        f"{H}.path",
        '"/"',
        "only with type http or https, not tcp",
    ),
    "path-relative": (
        "web",
        'health = { type = "http", path = "healthz" }',
        17,
        f"{H}.path",
        '"healthz"',
        'begins with "/"',
    ),
    "path-newline": (
        "web",
        'health = { type = "http", path = "/a\\r\\nX: y" }',
        17,
        f"{H}.path",
        '"/a\r\nX: y"',
        "without spaces and control characters",
    ),
    "host-newline": (
        "web",
        'health = { type = "http", host = "a\\nb" }',
        17,
        f"{H}.host",
        '"a\nb"',
        "a host name",
    ),
    "status-word": (
        "web",
        'health = { type = "http", status = ["ok"] }',
        17,
        f"{H}.status[0]",
        '"ok"',
        'an HTTP status such as 200, or a range such as "200-399"',
    ),
    "status-backwards": (
        "web",
        'health = { type = "http", status = "399-200" }',
        17,
        f"{H}.status",
        '"399-200"',
        "an HTTP status",
    ),
    "body-of-head": (
        "web",
        'health = { type = "http", method = "HEAD", body = "ok" }',
        17,
        f"{H}.body",
        '"ok"',
        "has none; take GET",
    ),
    "verify-of-http": (
        "web",
        'health = { type = "http", verify = true }',
        17,
        f"{H}.verify",
        "true",
        "only with type https, not http",
    ),
    "udp-without-payload": (
        "dns",
        'health.type = "udp"',
        25,
        "service[1].health.send",
        '"(absent)"',
        'type = "udp" needs what is to be sent',
    ),
    "dns-without-query": (
        "dns",
        'health.type = "dns"',
        25,
        "service[1].health.query",
        '"(absent)"',
        'such as query = "example.com"',
    ),
    "query-no-name": (
        "dns",
        'health = { type = "dns", query = "a..b" }',
        25,
        "service[1].health.query",
        '"a..b"',
        "a domain name",
    ),
    "payload-no-hex": (
        "dns",
        'health = { type = "udp", send = "hex:0g" }',
        25,
        "service[1].health.send",
        '"hex:0g"',
        'text, or bytes such as "hex:0a1b"',
    ),
    "command-missing": (
        "web",
        'health.type = "command"',
        17,
        f"{H}.command",
        '"(absent)"',
        'such as command = ["/usr/local/bin/check-web"]',
    ),
    "command-relative": (
        "web",
        'health = { type = "command", command = ["check"] }',
        17,
        f"{H}.command",
        '["check"]',
        "by its absolute path",
    ),
    "tcp-of-udp": (
        "dns",
        'health.type = "tcp"',
        25,
        "service[1].health.type",
        '"tcp"',
        "the check is tcp, and service 'dns' is udp; give health.port",
    ),
    "udp-of-tcp-in-the-group": (
        "group",
        'health = { type = "udp", send = "a" }',
        5,
        "group[0].health.type",
        '"udp"',
        "the check is udp, and service 'web' is tcp",
    ),
    "flaps-without-window": (
        "web",
        "health.flap_window = 0",
        17,
        f"{H}.flap_count",
        "6",
        "needs flap_window and flap_hold",
    ),
    "fall-0": ("web", "health.fall = 0", 17, f"{H}.fall", "0", "greater than or equal to 1"),
    "on-down-unknown": ("web", 'on_down = "drop"', 17, "service[0].on_down", '"drop"', "'rehash'"),
    "reset-of-udp": (
        "dns",
        'on_down = "reset"',
        25,
        "service[1].on_down",
        '"reset"',
        "an RST is TCP's, and the service is udp",
    ),
    "sorry-absent": (
        "web",
        'all_down = "sorry"',
        17,
        "service[0].all_down",
        '"sorry"',
        "needs [service.sorry]",
    ),
    "sorry-for-nothing": (
        "web",
        'sorry = { address = ["10.0.0.99", "2001:db8:1::99"] }',
        17,
        "service[0].sorry",
        '"10.0.0.99"',
        'only with all_down = "sorry"',
    ),
    "sorry-is-a-real": (
        "web",
        'all_down = "sorry"\nsorry = { address = ["10.0.0.11", "2001:db8:1::99"] }',
        18,
        "service[0].sorry.address",
        '"10.0.0.11"',
        "the sorry server is another one",
    ),
    "sorry-without-ipv6": (
        "web",
        'all_down = "sorry"\nsorry = { address = "10.0.0.99" }',
        18,
        "service[0].sorry.address",
        '"10.0.0.99"',
        "no IPv6 address, and the service has VIP 2001:db8::10",
    ),
    "sorry-is-a-vip": (
        "web",
        'all_down = "sorry"\nsorry = { address = ["192.0.2.53", "2001:db8:1::99"] }',
        18,
        "service[0].sorry.address",
        '"192.0.2.53"',
        "it is a VIP",
    ),
    "slow-start-without-shares": (
        "web",
        'algorithm = "adaptive"\nslow_start = "30s"',
        18,
        "service[0].slow_start",
        '"30s"',
        "not with adaptive",
    ),
}
