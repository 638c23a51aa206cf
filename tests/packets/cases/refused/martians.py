# SPDX-License-Identifier: Apache-2.0
"""Sources that are no station's."""

from __future__ import annotations

from tests.packets.cases.case import UNTOUCHED, Case

SINGLES = [
    Case(
        "martian-this-network",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 78be 00000001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 e59e 0000
        """,
        UNTOUCHED,
        "drop",
        "martian",
    ),
    Case(
        "martian-unspecified",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 78bf 00000000 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 e59f 0000
        """,
        UNTOUCHED,
        "drop",
        "martian",
    ),
    Case(
        "martian-loopback",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 f9bd 7f000001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 669e 0000
        """,
        UNTOUCHED,
        "drop",
        "martian",
    ),
    Case(
        "martian-loopback-dscp",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 f9bd 7f000001 c000020a
        tcp  03e8 0064 00000001 00000000 5002 0400 668a 0000
        """,
        UNTOUCHED,
        "drop",
        "martian",
    ),
    Case(
        "martian-multicast",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 98bd e0000001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 059e 0000
        """,
        UNTOUCHED,
        "drop",
        "martian",
    ),
    Case(
        "martian-reserved",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 88bd f0000001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 f59d 0000
        """,
        UNTOUCHED,
        "drop",
        "martian",
    ),
    Case(
        "martian-broadcast",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 78bf ffffffff c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 e59f 0000
        """,
        UNTOUCHED,
        "drop",
        "martian",
    ),
    Case(
        "martian-broadcast-dscp",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 78bf ffffffff c000020a
        tcp  03e8 0064 00000001 00000000 5002 0400 e58b 0000
        """,
        UNTOUCHED,
        "drop",
        "martian",
    ),
    Case(
        "martian-icmp-error",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 f9b2 7f000001 c000020a
        icmp 0301 f8c5 00000000
        ip   4500 0028 0007 4000 40 06 6ebd c000020a 0a010001
        data 005003e800000001
        """,
        UNTOUCHED,
        "drop",
        "martian",
    ),
    Case(
        "martian-echo-broadcast",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001c 0007 4000 40 01 78d0 ffffffff c000020a
        icmp 0800 e5ca 12340001
        """,
        UNTOUCHED,
        "drop",
        "martian",
    ),
    Case(
        "martian-fragment",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001c 0007 0006 40 11 d8b8 e0000001 c000020a
        data abcdabcdabcdabcd
        """,
        UNTOUCHED,
        "drop",
        "martian",
    ),
    # the neighbours of 127/8 and 224/3
    Case(
        "not-martian-126",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 f9bf 7effffff c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 66a0 0000
        """,
        """
        eth  02010a00000b 0200000000aa 0800
        ip   4500 0028 0007 4000 40 06 f9bf 7effffff c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 66a0 0000
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "not-martian-223",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 98bf dfffffff c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 05a0 0000
        """,
        """
        eth  02010a00000b 0200000000aa 0800
        ip   4500 0028 0007 4000 40 06 98bf dfffffff c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 05a0 0000
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "martian6-unspecified",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 40
        addr 00000000000000000000000000000000 20010db8000000000000000000000010
        tcp  03e8 0050 00000001 00000000 5002 0400 79e1 0000
        """,
        UNTOUCHED,
        "drop",
        "martian",
    ),
    Case(
        "martian6-loopback",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 40
        addr 00000000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0050 00000001 00000000 5002 0400 79e0 0000
        """,
        UNTOUCHED,
        "drop",
        "martian",
    ),
    Case(
        "martian6-multicast",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 40
        addr ff020000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0050 00000001 00000000 5002 0400 7add 0000
        """,
        UNTOUCHED,
        "drop",
        "martian",
    ),
    Case(
        "martian6-multicast-global",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 40
        addr ff0e0000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0050 00000001 00000000 5002 0400 7ad1 0000
        """,
        UNTOUCHED,
        "drop",
        "martian",
    ),
    Case(
        "martian6-dscp",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 40
        addr 00000000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0064 00000001 00000000 5002 0400 79cc 0000
        """,
        UNTOUCHED,
        "drop",
        "martian",
    ),
    Case(
        "martian6-udp-elsewhere",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 000a 11 40
        addr 00000000000000000000000000000001 20010db8000000000000000000000011
        udp  03e8 0035 000a 2225
        data abcd
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    # the neighbour of ::1
    Case(
        "not-martian6-2",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 40
        addr 00000000000000000000000000000002 20010db8000000000000000000000010
        tcp  03e8 0050 00000001 00000000 5002 0400 79df 0000
        """,
        """
        eth  020100000011 0200000000aa 86dd
        ip6  60000000 0014 06 40
        addr 00000000000000000000000000000002 20010db8000000000000000000000010
        tcp  03e8 0050 00000001 00000000 5002 0400 79df 0000
        """,
        "tx",
        "forwarded",
    ),
]
