# SPDX-License-Identifier: Apache-2.0
"""The digest names the content of a configuration and nothing else."""

from __future__ import annotations

from hypothesis import given, settings

from dsrlb.config import Config, digest, parse
from tests.unit.config.configs import CONFIGS, TEXT


@settings(max_examples=60, deadline=None)
@given(CONFIGS, CONFIGS)
def test_equal_digests_are_equal_configurations(one: Config, other: Config) -> None:
    assert (digest(one) == digest(other)) == (one == other)


def test_the_digest_does_not_depend_on_how_it_is_written() -> None:
    other = TEXT.replace('["eth0"]', '"eth0"  # the one').replace(
        "port = 80", 'idle_timeout = "15m"\nport = ["80"]\nalgorithm = "round-robin"'
    )
    assert digest(parse(TEXT, "a")) == digest(parse(other, "b"))
    assert len(digest(parse(TEXT, "a"))) == 12


ONE_ARM = 'mode = "one-arm"\nsnat.pool = "192.0.2.200"'
BRIDGE = """["eth0", "eth1"]
[[bridge]]
name = "br0"
ports = ["eth0", "eth1"]
reals_on = "eth0"
"""
MAGLEV = 'algorithm = "maglev"'
IPIP = 'mode = "l3dsr"\nl3dsr = { method = "ipip" }'

SORRY = 'all_down = "sorry"\nsorry = { address = "10.0.0.99" }'
HEALTH = (
    'type = "none"',
    'type = "tcp"',
    'type = "tcp", send = "a"',
    'type = "tcp", expect = "a"',
    'type = "tcp", port = 81',
    'type = "tcp", interval = "1500ms"',
    'type = "tcp", timeout = "500ms"',
    'type = "tcp", jitter = 7',
    'type = "tcp", rise = 7',
    'type = "tcp", fall = 7',
    'type = "tcp", startup_grace = 7',
    'type = "tcp", flap_count = 7',
    'type = "tcp", flap_window = 7',
    'type = "tcp", flap_hold = 7',
    'type = "http"',
    'type = "http", path = "/a"',
    'type = "http", method = "HEAD"',
    'type = "http", host = "a"',
    'type = "http", status = 204',
    'type = "http", status = [204, "300-399"]',
    'type = "http", body = "a"',
    'type = "https"',
    'type = "https", sni = "a"',
    'type = "https", verify = true',
    'type = "udp", port = 53, send = "a"',
    'type = "dns", query = "a"',
    'type = "dns", query = "a", record = "MX"',
    'type = "dns", query = "a", rcode = "NXDOMAIN"',
    'type = "icmp"',
    'type = "command", command = ["/a"]',
    'type = "command", command = ["/a", "b"]',
)


def test_the_digest_changes_with_every_key() -> None:
    changes = [
        ("eth0", "eth1"),
        ("web", "www"),
        ("192.0.2.10", "192.0.2.11"),
        ("tcp", "udp"),
        ("80", "81"),
        ("port = 80", "port = 80\nidle_timeout = 7"),
        ("port = 80", "port = 80\npending_timeout = 7"),
        ("port = 80", "port = 80\nclosing_timeout = 7"),
        ("port = 80", 'port = 80\non_unknown = "schedule"'),
        ("port = 80", 'port = 80\non_unknown = "reset"'),
        ("port = 80", 'port = 80\nallow = "10.0.0.0/8"'),
        ("port = 80", 'port = 80\ndeny = "10.0.0.0/8"'),
        ('"tcp"', '"udp"\none_packet = true'),
        ("port = 80", "port = 80\nnew_flow_rate = 7"),
        ("port = 80", "port = 80\nnew_flow_rate = 7\nnew_flow_burst = 7"),
        ("port = 80", "port = 80\nsource_flow_rate = 7"),
        ("port = 80", "port = 80\nsource_flow_rate = 7\nsource_flow_burst = 7"),
        ("port = 80", "port = 80\npersistence = 7"),
        ("port = 80", 'port = 80\npersistence = 7\npersistence_group = "g"'),
        ("port = 80", 'port = 80\ninterfaces = "eth0"'),
        ("port = 80", 'port = 80\nalgorithm = "weighted-round-robin"'),
        ("port = 80", f"port = 80\n{MAGLEV}"),
        ("port = 80", f'port = 80\n{MAGLEV}\nhash_on = "source"'),
        ("port = 80", f'port = 80\n{MAGLEV}\nhash_on = "tuple"'),
        ("port = 80", f"port = 80\n{MAGLEV}\ntable_size = 4093"),
        ('["eth0"]', '["eth0"]\nhash_seed = 7'),
        ('["eth0"]', '["eth0"]\nfail_open = 7'),
        ('["eth0"]', '["eth0"]\nfail_open = 7\nfail_open_new = "drop"'),
        ("port = 80", 'port = 80\non_down = "keep"'),
        ("port = 80", 'port = 80\non_down = "reset"'),
        ("port = 80", 'port = 80\nall_down = "pass"'),
        ("port = 80", 'port = 80\nall_down = "all-up"'),
        ("port = 80", f"port = 80\n{SORRY}"),
        ("port = 80", f"port = 80\n{SORRY.replace('99', '98')}"),
        ("port = 80", "port = 80\nslow_start = 7"),
        *(("port = 80", f"port = 80\nhealth = {{ {table} }}") for table in HEALTH),
        ('["eth0"]', '["eth0"]\nprobe_prefix = "198.18.0.0/16"'),
        ("10.0.0.11", "10.0.0.12"),
        ('"10.0.0.11"', '"10.0.0.11"\nweight = 2'),
        ('"10.0.0.11"', '"10.0.0.11"\nmac = "02:00:00:00:00:01"'),
        ('"10.0.0.11"', '"10.0.0.11"\nmax_open = 7'),
        ('"10.0.0.11"', '"10.0.0.11"\nmax_open = 7\nmax_open_low = 3'),
        ('mode = "l2dsr"', IPIP),
        ('mode = "l2dsr"', IPIP.replace("ipip", "gue")),
        ('mode = "l2dsr"', IPIP.replace('"ipip"', '"gue", gue_port = 7')),
        ('mode = "l2dsr"', IPIP.replace('"ipip"', '"dscp", dscp = 7')),
        ('mode = "l2dsr"', IPIP.replace('"ipip"', '"dscp", dscp = 8')),
        ('mode = "l2dsr"', 'mode = "router"'),
        ('mode = "l2dsr"', 'mode = "router"\nmss_clamp = 1400'),
        ('mode = "l2dsr"', 'mode = "router"\nmss_clamp = 1401'),
        ('mode = "l2dsr"', 'mode = "nat"'),
        ('mode = "l2dsr"', ONE_ARM),
        ('mode = "l2dsr"', ONE_ARM.replace("200", "201")),
        ('mode = "l2dsr"', ONE_ARM + "\nsnat.toa = true"),
        ('mode = "l2dsr"', ONE_ARM.replace("one-arm", "nat") + "\noutbound = true"),
        ('mode = "l2dsr"\n[[service.real]]', 'mode = "nat"\n[[service.real]]\nport = 8080'),
        ('["eth0"]', BRIDGE),
        ('["eth0"]', BRIDGE.replace('= "eth0"', '= "eth1"')),
        ('["eth0"]', BRIDGE.replace("br0", "br1")),
        ('["eth0"]', BRIDGE.replace('["eth0", "eth1"]', '["eth1", "eth0"]')),
        ('["eth0"]', '["eth0"]\ntunnel_source = "198.51.100.0/24"'),
        ('["eth0"]', '["eth0"]\nannounce = false'),
        ('["eth0"]', '["eth0"]\nscan_interval = 7'),
        ('["eth0"]', '["eth0"]\nxdp_mode = "native"'),
        ('["eth0"]', '["eth0"]\nflow_capacity = 5000'),
    ]
    texts = [TEXT, *(TEXT.replace(*change) for change in changes)]
    assert len({digest(parse(text, "x")) for text in texts}) == len(texts)
