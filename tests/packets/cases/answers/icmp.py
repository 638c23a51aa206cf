# SPDX-License-Identifier: Apache-2.0
"""ICMP that is not answered: errors, other types, others' business."""

from __future__ import annotations

from tests.packets.cases.case import UNTOUCHED, Case

SINGLES = [
    # eight bytes of the packet it is about (RFC 792)
    Case(
        "icmp-unreachable",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 6db5 0a0100fe c000020a
        icmp 0301 f8c5 00000000
        data 450000280007400040066ebdc000020a0a010001005003e800000001
        """,
        UNTOUCHED,
        "drop",
        "icmp-error",
    ),
    # MTU 1300
    Case(
        "icmp-fragmentation-needed",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 6db5 0a0100fe c000020a
        icmp 0304 f3ae 00000514
        data 450000280007400040066ebdc000020a0a010001005003e800000001
        """,
        UNTOUCHED,
        "drop",
        "icmp-error",
    ),
    Case(
        "icmp-time-exceeded",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 6db5 0a0100fe c000020a
        icmp 0b00 f0c6 00000000
        data 450000280007400040066ebdc000020a0a010001005003e800000001
        """,
        UNTOUCHED,
        "drop",
        "icmp-error",
    ),
    Case(
        "icmp-parameter-problem",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 6db5 0a0100fe c000020a
        icmp 0c00 dbc6 14000000
        data 450000280007400040066ebdc000020a0a010001005003e800000001
        """,
        UNTOUCHED,
        "drop",
        "icmp-error",
    ),
    Case(
        "icmpv6-unreachable",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0038 3a 40
        addr fd0100000000000000000000000000fe 20010db8000000000000000000000010
        icmp 0100 3d6b 00000000
        data 600000000014064020010db8000000000000000000000010fd01000000000000
        data 0000000000000001005003e800000001
        """,
        UNTOUCHED,
        "drop",
        "icmp-error",
    ),
    # MTU 1280
    Case(
        "icmpv6-packet-too-big",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0038 3a 40
        addr fd0100000000000000000000000000fe 20010db8000000000000000000000010
        icmp 0200 376b 00000500
        data 600000000014064020010db8000000000000000000000010fd01000000000000
        data 0000000000000001005003e800000001
        """,
        UNTOUCHED,
        "drop",
        "icmp-error",
    ),
    Case(
        "icmpv6-time-exceeded",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0038 3a 40
        addr fd0100000000000000000000000000fe 20010db8000000000000000000000010
        icmp 0300 3b6b 00000000
        data 600000000014064020010db8000000000000000000000010fd01000000000000
        data 0000000000000001005003e800000001
        """,
        UNTOUCHED,
        "drop",
        "icmp-error",
    ),
    Case(
        "icmpv6-parameter-problem",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0038 3a 40
        addr fd0100000000000000000000000000fe 20010db8000000000000000000000010
        icmp 0401 3a42 00000028
        data 600000000014064020010db8000000000000000000000010fd01000000000000
        data 0000000000000001005003e800000001
        """,
        UNTOUCHED,
        "drop",
        "icmp-error",
    ),
    Case(
        "icmp-echo-reply",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001e 0007 4000 40 01 6ecc 0a010001 c000020a
        icmp 0000 8c68 12340001
        data 6162
        """,
        UNTOUCHED,
        "drop",
        "no-service",
    ),
    Case(
        "icmp-echo-code-1",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001e 0007 4000 40 01 6ecc 0a010001 c000020a
        icmp 0801 8467 12340001
        data 6162
        """,
        UNTOUCHED,
        "drop",
        "no-service",
    ),
    Case(
        "icmp-timestamp",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 01 6ec2 0a010001 c000020a
        icmp 0d00 e0ca 12340001
        data 000000000000000000000000
        """,
        UNTOUCHED,
        "drop",
        "no-service",
    ),
    # about the sender's routes, and no VIP has any
    Case(
        "icmp-redirect",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 6eb2 0a010001 c000020a
        icmp 0501 ebc7 0a0100fd
        data 450000280007400040066ebdc000020a0a010001005003e800000001
        """,
        UNTOUCHED,
        "drop",
        "no-service",
    ),
    Case(
        "icmp-echo-other-host",
        """
        eth  ffffffffffff 020000000001 0800
        ip   4500 001c 0007 4000 40 01 6ece 0a010001 c000020a
        icmp 0800 e5ca 12340001
        """,
        UNTOUCHED,
        "pass",
        "other-host",
    ),
    Case(
        "icmp-echo-elsewhere",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001c 0007 4000 40 01 6ecd 0a010001 c000020b
        icmp 0800 e5ca 12340001
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "icmp-unreachable-elsewhere",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 6db4 0a0100fe c000020b
        icmp 0301 f8c5 00000000
        data 450000280007400040066ebdc000020a0a010001005003e800000001
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "icmpv6-echo-reply",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0008 3a 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        icmp 8100 41bc 12340001
        """,
        UNTOUCHED,
        "drop",
        "no-service",
    ),
    Case(
        "icmpv6-echo-code-1",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0008 3a 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        icmp 8001 42bb 12340001
        """,
        UNTOUCHED,
        "drop",
        "no-service",
    ),
    Case(
        "icmpv6-echo-elsewhere",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0008 3a 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000011
        icmp 8000 42bb 12340001
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
]
