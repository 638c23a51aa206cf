# SPDX-License-Identifier: Apache-2.0
"""Fragments and ICMP errors of a flow that do not fit, or whose TTL is used up."""

from __future__ import annotations

from tests.packets.cases.case import UNTOUCHED, Case

CONVERSATION = [
    Case(
        "late-4in4-first",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 002c 0007 2000 40 11 8eae 0a010001 c000020a
        udp  03e8 0079 0040 6482
        data abcd*8
        """,
        """
        eth  02010a000034 0200000000aa 0800
        oip  4500 0040 0000 4000 40 04 0652 c6336401 0a000034
        ip   4500 002c 0007 2000 3f 11 8fae 0a010001 c000020a
        udp  03e8 0079 0040 6482
        data abcd*8
        """,
        "tx",
        "forwarded",
    ),
    # nobody is told about fragments other than the first
    Case(
        "late-4in4-too-large",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 005c 0007 2003 40 11 8e7b 0a010001 c000020a
        data abcd*36
        """,
        UNTOUCHED,
        "drop",
        "mtu-exceeded",
    ),
    Case(
        "late-4in4-expired",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0024 0007 0006 01 11 edb0 0a010001 c000020a
        data abcd*8
        """,
        UNTOUCHED,
        "drop",
        "ttl-exceeded",
    ),
    Case(
        "late-dscp6-first",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0020 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 1100 0001 01020007
        udp  03e8 0078 0040 05c4
        data abcd*8
        """,
        """
        eth  020100000051 0200000000aa 86dd
        ip6  63000000 0020 2c 3f
        addr fd010000000000000000000000000001 fd000000000000000000000000000051
        frag 1100 0001 01020007
        udp  03e8 0078 0040 363b
        data abcd*8
        """,
        "tx",
        "forwarded",
    ),
    # nobody is told about fragments other than the first
    Case(
        "late-dscp6-too-large",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0050 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 1100 0019 01020007
        data abcd*36
        """,
        UNTOUCHED,
        "drop",
        "mtu-exceeded",
    ),
    Case(
        "late-dscp6-expired",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0018 2c 01
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 1100 0030 01020007
        data abcd*8
        """,
        UNTOUCHED,
        "drop",
        "ttl-exceeded",
    ),
    # nor about ICMP; and both are of the flow
    Case(
        "late-error-too-large",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0060 0007 4000 40 01 6d8d 0a0100fe c000020a
        icmp 0301 f893 00000000
        ip   4500 0028 0007 4000 40 11 6eb2 c000020a 0a010001
        data 007903e8000a0000
        data 00*40
        """,
        UNTOUCHED,
        "drop",
        "mtu-exceeded",
    ),
    Case(
        "late-error-expired",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 01 01 acb5 0a0100fe c000020a
        icmp 0301 f893 00000000
        ip   4500 0028 0007 4000 40 11 6eb2 c000020a 0a010001
        data 007903e8000a0000
        """,
        UNTOUCHED,
        "drop",
        "ttl-exceeded",
    ),
    Case(
        "late-error6-expired",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0038 3a 01
        addr fd0100000000000000000000000000fe 20010db8000000000000000000000010
        icmp 0100 323a 00000000
        ip6  60000000 0014 11 40
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        data 007803e8000a0000
        """,
        UNTOUCHED,
        "drop",
        "ttl-exceeded",
    ),
]

OPTIONS = [
    # destination options in the part that is fragmented
    Case(
        "fragments6-options-inside-first",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0028 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 3c00 0001 01020007
        dopt 1100 1e0400000000
        udp  03e8 0035 0040 0000
        data abcd*8
        """,
        """
        eth  020100000012 0200000000aa 86dd
        ip6  60000000 0028 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 3c00 0001 01020007
        dopt 1100 1e0400000000
        udp  03e8 0035 0040 0000
        data abcd*8
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "fragments6-options-inside-last",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0018 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 3c00 0020 01020007
        data abcd*8
        """,
        """
        eth  020100000012 0200000000aa 86dd
        ip6  60000000 0018 2c 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        frag 3c00 0020 01020007
        data abcd*8
        """,
        "tx",
        "forwarded",
    ),
]
