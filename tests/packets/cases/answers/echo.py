# SPDX-License-Identifier: Apache-2.0
"""ICMP echo to VIPs: answered."""

from __future__ import annotations

from tests.packets.cases.case import Case

ANSWERED = [
    Case(
        "echo-no-data",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001c 0007 4000 40 01 6ece 0a010001 c000020a
        icmp 0800 e5ca 12340001
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 001c 0007 4000 40 01 6ece c000020a 0a010001
        icmp 0000 edca 12340001
        """,
        "tx",
        "answered-echo",
    ),
    Case(
        "echo-even",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0024 0007 4000 40 01 6ec6 0a010001 c000020a
        icmp 0800 5435 12340001
        data 6162636465666768
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 0024 0007 4000 40 01 6ec6 c000020a 0a010001
        icmp 0000 5c35 12340001
        data 6162636465666768
        """,
        "tx",
        "answered-echo",
    ),
    Case(
        "echo-odd",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0025 0007 4000 40 01 6ec5 0a010001 c000020a
        icmp 0800 eb34 12340001
        data 616263646566676869
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 0025 0007 4000 40 01 6ec5 c000020a 0a010001
        icmp 0000 f334 12340001
        data 616263646566676869
        """,
        "tx",
        "answered-echo",
    ),
    Case(
        "echo-tos",
        """
        eth  0200000000aa 020000000001 0800
        ip   45b9 001e 0007 4000 40 01 6e13 0a010001 c000020a
        icmp 0800 8468 12340001
        data 6162
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   45b9 001e 0007 4000 40 01 6e13 c000020a 0a010001
        icmp 0000 8c68 12340001
        data 6162
        """,
        "tx",
        "answered-echo",
    ),
    # the reply starts with a TTL of its own, 64
    Case(
        "echo-ttl-1",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001e 0007 4000 01 01 adcc 0a010001 c000020a
        icmp 0800 8468 12340001
        data 6162
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 001e 0007 4000 40 01 6ecc c000020a 0a010001
        icmp 0000 8c68 12340001
        data 6162
        """,
        "tx",
        "answered-echo",
    ),
    Case(
        "echo-ttl-255",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001e 0007 4000 ff 01 afcb 0a010001 c000020a
        icmp 0800 8468 12340001
        data 6162
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 001e 0007 4000 40 01 6ecc c000020a 0a010001
        icmp 0000 8c68 12340001
        data 6162
        """,
        "tx",
        "answered-echo",
    ),
    Case(
        "echo-df-clear",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001e 0007 0000 40 01 aecc 0a010001 c000020a
        icmp 0800 8468 12340001
        data 6162
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 001e 0007 0000 40 01 aecc c000020a 0a010001
        icmp 0000 8c68 12340001
        data 6162
        """,
        "tx",
        "answered-echo",
    ),
    Case(
        "echo-options",
        """
        eth  0200000000aa 020000000001 0800
        ip   4600 0022 0007 4000 40 01 6bc7 0a010001 c000020a
        opt  01010100
        icmp 0800 8468 12340001
        data 6162
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4600 0022 0007 4000 40 01 6bc7 c000020a 0a010001
        opt  01010100
        icmp 0000 8c68 12340001
        data 6162
        """,
        "tx",
        "answered-echo",
    ),
    # 60 bytes; the padding is in no checksum and stays
    Case(
        "echo-padded",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001e 0007 4000 40 01 6ecc 0a010001 c000020a
        icmp 0800 8468 12340001
        data 6162
        pad  a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 001e 0007 4000 40 01 6ecc c000020a 0a010001
        icmp 0000 8c68 12340001
        data 6162
        pad  a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5
        """,
        "tx",
        "answered-echo",
    ),
    Case(
        "echo-tagged",
        """
        eth  0200000000aa 020000000001 8100
        tag  6064 0800
        ip   4500 001e 0007 4000 40 01 6ecc 0a010001 c000020a
        icmp 0800 8468 12340001
        data 6162
        """,
        """
        eth  020000000001 0200000000aa 8100
        tag  6064 0800
        ip   4500 001e 0007 4000 40 01 6ecc c000020a 0a010001
        icmp 0000 8c68 12340001
        data 6162
        """,
        "tx",
        "answered-echo",
    ),
    Case(
        "echo-qinq",
        """
        eth  0200000000aa 020000000001 88a8
        tag  000a 8100
        tag  0064 0800
        ip   4500 001e 0007 4000 40 01 6ecc 0a010001 c000020a
        icmp 0800 8468 12340001
        data 6162
        """,
        """
        eth  020000000001 0200000000aa 88a8
        tag  000a 8100
        tag  0064 0800
        ip   4500 001e 0007 4000 40 01 6ecc c000020a 0a010001
        icmp 0000 8c68 12340001
        data 6162
        """,
        "tx",
        "answered-echo",
    ),
    # both forms of zero verify (RFC 1071); the reply has 0xffff
    Case(
        "echo-computed-zero",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001c 0007 4000 40 01 6ece 0a010001 c000020a
        icmp 0800 f7ff fffe0001
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 001c 0007 4000 40 01 6ece c000020a 0a010001
        icmp 0000 ffff fffe0001
        """,
        "tx",
        "answered-echo",
    ),
    # request f7ff: the reply is zero but for its checksum
    Case(
        "echo-all-zero",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001c 0007 4000 40 01 6ece 0a010001 c000020a
        icmp 0800 f7ff 00000000
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 001c 0007 4000 40 01 6ece c000020a 0a010001
        icmp 0000 ffff 00000000
        """,
        "tx",
        "answered-echo",
    ),
    # wrong by as much as the request: damage is not covered up
    Case(
        "echo-checksum-wrong",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001e 0007 4000 40 01 6ecc 0a010001 c000020a
        icmp 0800 8568 12340001
        data 6162
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 001e 0007 4000 40 01 6ecc c000020a 0a010001
        icmp 0000 8d68 12340001
        data 6162
        """,
        "tx",
        "answered-echo",
    ),
]
