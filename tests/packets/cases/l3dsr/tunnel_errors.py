# SPDX-License-Identifier: Apache-2.0
"""ICMP errors about packets in tunnels go to the kernel too; what they tell is in tunnel_mtu.py."""

from __future__ import annotations

from tests.packets.cases.case import UNTOUCHED, Case

SINGLES = [
    # each is about a packet from an outer source to a real server in a tunnel
    Case(
        "tunnel-error-ipip",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 058c 0a0000fe c6336401
        icmp 0304 6e44 000003e8
        ip   4500 05dc 0000 4000 40 04 00ca c6336401 0a000020
        data 450005c800074000
        """,
        UNTOUCHED,
        "pass",
        "tunnel-error",
    ),
    Case(
        "tunnel-error-6in4",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 058c 0a0000fe c6336401
        icmp 0304 8d33 000003e8
        ip   4500 05dc 0000 4000 40 29 00a3 c6336401 0a000022
        data 6000000005a00640
        """,
        UNTOUCHED,
        "pass",
        "tunnel-error",
    ),
    Case(
        "tunnel-error-gue",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 058c 0a0000fe c6336401
        icmp 0304 1b8b 000003e8
        ip   4500 05dc 0000 4000 40 11 00bc c6336401 0a000021
        data c00017c005c80000
        """,
        UNTOUCHED,
        "pass",
        "tunnel-error",
    ),
    Case(
        "tunnel-error-unreachable",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 058c 0a0000fe c6336401
        icmp 0301 722f 00000000
        ip   4500 05dc 0000 4000 40 04 00ca c6336401 0a000020
        data 450005c800074000
        """,
        UNTOUCHED,
        "pass",
        "tunnel-error",
    ),
    Case(
        "tunnel-error-expired",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 058c 0a0000fe c6336401
        icmp 0b00 6a30 00000000
        ip   4500 05dc 0000 4000 40 04 00ca c6336401 0a000020
        data 450005c800074000
        """,
        UNTOUCHED,
        "pass",
        "tunnel-error",
    ),
    Case(
        "tunnel-error-parameter-problem",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 058c 0a0000fe c6336401
        icmp 0c00 6930 00000000
        ip   4500 05dc 0000 4000 40 04 00ca c6336401 0a000020
        data 450005c800074000
        """,
        UNTOUCHED,
        "pass",
        "tunnel-error",
    ),
    Case(
        "tunnel-error-no-mtu",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 058c 0a0000fe c6336401
        icmp 0304 722c 00000000
        ip   4500 05dc 0000 4000 40 04 00ca c6336401 0a000020
        data 450005c800074000
        """,
        UNTOUCHED,
        "pass",
        "tunnel-error",
    ),
    # of method dscp: no tunnel leads there
    Case(
        "tunnel-error-of-dscp",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 058c 0a0000fe c6336401
        icmp 0304 6e44 000003e8
        ip   4500 05dc 0000 4000 40 04 00cb c6336401 0a00001f
        data 450005c800074000
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "tunnel-error-of-nobody",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 058c 0a0000fe c6336401
        icmp 0304 6e44 000003e8
        ip   4500 05dc 0000 4000 40 04 0022 c6336401 0a0000c8
        data 450005c800074000
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "tunnel-error-tcp",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 058c 0a0000fe c6336401
        icmp 0304 6e44 000003e8
        ip   4500 05dc 0000 4000 40 06 00c8 c6336401 0a000020
        data 450005c800074000
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "tunnel-error-echo",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 058c 0a0000fe c6336401
        icmp 0800 6948 000003e8
        ip   4500 05dc 0000 4000 40 04 00ca c6336401 0a000020
        data 450005c800074000
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "tunnel-error-redirect",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 058c 0a0000fe c6336401
        icmp 0501 6532 0a0000fd
        ip   4500 05dc 0000 4000 40 04 00ca c6336401 0a000020
        data 450005c800074000
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    # 198.51.100.2
    Case(
        "tunnel-error-other-source",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 058b 0a0000fe c6336402
        icmp 0304 6e44 000003e8
        ip   4500 05dc 0000 4000 40 04 00c9 c6336402 0a000020
        data 450005c800074000
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    # sent by the tunnel's source, says one to another address
    Case(
        "tunnel-error-to-another",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 25c0 0a0000fe 0a000001
        icmp 0304 6e44 000003e8
        ip   4500 05dc 0000 4000 40 04 00ca c6336401 0a000020
        data 450005c800074000
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "tunnel-error-cut-short",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 002b 0007 4000 40 01 0599 0a0000fe c6336401
        icmp 0304 09ac 000003e8
        data 450000280007400040040000c63364
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    Case(
        "tunnel-error-fragment",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 2000 40 01 258c 0a0000fe c6336401
        icmp 0304 6e44 000003e8
        ip   4500 05dc 0000 4000 40 04 00ca c6336401 0a000020
        data 450005c800074000
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
    # to another station's MAC address
    Case(
        "tunnel-error-other-host",
        """
        eth  0200000000bb 020000000001 0800
        ip   4500 0038 0007 4000 40 01 058c 0a0000fe c6336401
        icmp 0304 6e44 000003e8
        ip   4500 05dc 0000 4000 40 04 00ca c6336401 0a000020
        data 450005c800074000
        """,
        UNTOUCHED,
        "pass",
        "pass",
    ),
]
