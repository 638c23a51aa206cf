# SPDX-License-Identifier: Apache-2.0
"""IPv4 that is dropped for its destination or state, or left to the kernel."""

from __future__ import annotations

from tests.packets.cases.case import UNTOUCHED, Case

SINGLES = [
    Case(
        "ipv4-martian",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 b6b4 c000020a c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 2395 0000
        """,
        UNTOUCHED,
        "drop",
        "martian",
    ),
    Case(
        "ipv4-martian-echo",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001c 0007 4000 40 01 b6c5 c000020a c000020a
        icmp 0800 f7ff 00000000
        """,
        UNTOUCHED,
        "drop",
        "martian",
    ),
    Case(
        "ipv4-no-service-tcp-port",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 01bb 00000001 00000000 5002 0400 da32 0000
        """,
        UNTOUCHED,
        "drop",
        "no-service",
    ),
    # port 80 is a TCP service
    Case(
        "ipv4-no-service-udp-port",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001e 0007 4000 40 11 6ebc 0a010001 c000020a
        udp  03e8 0050 000a 83c8
        data abcd
        """,
        UNTOUCHED,
        "drop",
        "no-service",
    ),
    # GRE
    Case(
        "ipv4-no-service-protocol",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0018 0007 4000 40 2f 6ea4 0a010001 c000020a
        data 00000800
        """,
        UNTOUCHED,
        "drop",
        "no-service",
    ),
    Case(
        "ipv4-no-service-icmpv6",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001c 0007 4000 40 3a 6e95 0a010001 c000020a
        data 8000000000000000
        """,
        UNTOUCHED,
        "drop",
        "no-service",
    ),
    Case(
        "ipv4-ack-to-no-service",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 01bb 00000001 00000000 5010 0400 da24 0000
        """,
        UNTOUCHED,
        "drop",
        "no-service",
    ),
    Case(
        "ipv4-no-flow-ack",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5010 0400 db8f 0000
        """,
        UNTOUCHED,
        "drop",
        "no-flow",
    ),
    Case(
        "ipv4-no-flow-syn-ack",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5012 0400 db8d 0000
        """,
        UNTOUCHED,
        "drop",
        "no-flow",
    ),
    Case(
        "ipv4-no-flow-fin",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5011 0400 db8e 0000
        """,
        UNTOUCHED,
        "drop",
        "no-flow",
    ),
    Case(
        "ipv4-no-flow-rst",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5004 0400 db9b 0000
        """,
        UNTOUCHED,
        "drop",
        "no-flow",
    ),
    # on_unknown = "schedule" takes up no RST and no SYN-ACK
    Case(
        "ipv4-unknown-rst",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0052 00000001 00000000 5004 0400 db99 0000
        """,
        UNTOUCHED,
        "drop",
        "no-flow",
    ),
    Case(
        "ipv4-unknown-syn-ack",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0052 00000001 00000000 5012 0400 db8b 0000
        """,
        UNTOUCHED,
        "drop",
        "no-flow",
    ),
    # its only real server has weight 0
    Case(
        "ipv4-no-real",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0053 00000001 00000000 5002 0400 db9a 0000
        """,
        UNTOUCHED,
        "drop",
        "no-real",
    ),
    Case(
        "ipv4-other-host-unicast",
        """
        eth  0200000000bb 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
        """,
        UNTOUCHED,
        "pass",
        "other-host",
    ),
    Case(
        "ipv4-other-host-broadcast",
        """
        eth  ffffffffffff 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
        """,
        UNTOUCHED,
        "pass",
        "other-host",
    ),
    Case(
        "ipv4-other-host-multicast",
        """
        eth  01005e00020a 020000000001 0800
        ip   4500 001e 0007 4000 40 11 6ebc 0a010001 c000020a
        udp  03e8 0035 000a 83e3
        data abcd
        """,
        UNTOUCHED,
        "pass",
        "other-host",
    ),
    # not ours to judge
    Case(
        "ipv4-other-host-malformed",
        """
        eth  0200000000bb 020000000001 0800
        ip   4500 0029 0007 4000 40 06 6ebc 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
        """,
        UNTOUCHED,
        "pass",
        "other-host",
    ),
    Case(
        "ipv4-no-vip",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebc 0a010001 c000020b
        tcp  03e8 0050 00000001 00000000 5002 0400 db9c 0000
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "ipv4-no-vip-martian",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 b6b2 c000020b c000020b
        tcp  03e8 0050 00000001 00000000 5002 0400 2393 0000
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "ipv4-no-vip-malformed",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0029 0007 4000 40 06 6ebb 0a010001 c000020b
        tcp  03e8 0050 00000001 00000000 5002 0400 db9c 0000
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    # a real server's reply that crosses the balancer
    Case(
        "ipv4-vip-as-source",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd c000020a 0a010001
        tcp  0050 03e8 00000001 00000000 5012 0400 db8d 0000
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    # 192.0.2.99 is served on out0 alone
    Case(
        "ipv4-vip-of-other-interface",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6e64 0a010001 c0000263
        tcp  03e8 0050 00000001 00000000 5002 0400 db44 0000
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    # 198.51.7.247 has the same bit in the interest filter as 192.0.2.10
    Case(
        "ipv4-same-filter-bit",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 629d 0a010001 c63307f7
        tcp  03e8 0050 00000001 00000000 5002 0400 cf7d 0000
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "ipv4-same-filter-bit-fragment",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001c 0007 0006 40 11 a298 0a010001 c63307f7
        data abcdabcdabcdabcd
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "ipv4-cut-in-destination",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c00002
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "ethernet-header-alone",
        """
        eth  0200000000aa 020000000001 0800
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "lldp",
        """
        eth  0180c200000e 020000000001 88cc
        data 0207040200000000010403050607000000
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    # spanning tree
    Case(
        "ieee-802.3-length",
        """
        eth  0180c2000000 020000000001 0026
        data 424203000000000080000200000000010000000080000200000000018001000014000200
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
]
