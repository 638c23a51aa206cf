# SPDX-License-Identifier: Apache-2.0
"""IPv4 to a VIP: forwarded with new MAC addresses and not another byte changed."""

from __future__ import annotations

from tests.packets.cases.case import Case

# one connection, in this order
CONVERSATION = [
    Case(
        "ipv4-syn",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 002c 0007 4000 40 06 6eb9 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 6002 0400 c3e1 0000
        topt 020405b4
        """,
        """
        eth  02010a00000b 0200000000aa 0800
        ip   4500 002c 0007 4000 40 06 6eb9 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 6002 0400 c3e1 0000
        topt 020405b4
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "ipv4-ack",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0050 00000002 00000101 5010 0400 da8d 0000
        """,
        """
        eth  02010a00000b 0200000000aa 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0050 00000002 00000101 5010 0400 da8d 0000
        """,
        "tx",
        "forwarded",
    ),
    # DSCP 46 (EF) and ECT(1); seven bytes of data
    Case(
        "ipv4-data-dscp-ecn",
        """
        eth  0200000000aa 020000000001 0800
        ip   45b9 002f 0007 4000 40 06 6dfd 0a010001 c000020a
        tcp  03e8 0050 00000002 00000101 5018 0400 060c 0000
        data 474554202f0d0a
        """,
        """
        eth  02010a00000b 0200000000aa 0800
        ip   45b9 002f 0007 4000 40 06 6dfd 0a010001 c000020a
        tcp  03e8 0050 00000002 00000101 5018 0400 060c 0000
        data 474554202f0d0a
        """,
        "tx",
        "forwarded",
    ),
    # congestion experienced
    Case(
        "ipv4-data-ce",
        """
        eth  0200000000aa 020000000001 0800
        ip   4503 002f 0007 4000 40 06 6eb3 0a010001 c000020a
        tcp  03e8 0050 00000009 00000101 5018 0400 0605 0000
        data 474554202f0d0a
        """,
        """
        eth  02010a00000b 0200000000aa 0800
        ip   4503 002f 0007 4000 40 06 6eb3 0a010001 c000020a
        tcp  03e8 0050 00000009 00000101 5018 0400 0605 0000
        data 474554202f0d0a
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "ipv4-fin",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0050 00000010 00000101 5011 0400 da7e 0000
        """,
        """
        eth  02010a00000b 0200000000aa 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0050 00000010 00000101 5011 0400 da7e 0000
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "ipv4-rst",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0050 00000011 00000000 5004 0400 db8b 0000
        """,
        """
        eth  02010a00000b 0200000000aa 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0050 00000011 00000000 5004 0400 db8b 0000
        """,
        "tx",
        "forwarded",
    ),
]

SINGLES = [
    # SYN with ECE and CWR (RFC 3168, 6.1.1)
    Case(
        "ipv4-syn-ecn-setup",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 50c2 0400 dadd 0000
        """,
        """
        eth  02010a00000b 0200000000aa 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 50c2 0400 dadd 0000
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "ipv4-udp",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 11 6eb2 0a010001 c000020a
        udp  03e8 0035 0014 28cb
        data abcdabcdabcdabcdabcdabcd
        """,
        """
        eth  02010a00000c 0200000000aa 0800
        ip   4500 0028 0007 4000 40 11 6eb2 0a010001 c000020a
        udp  03e8 0035 0014 28cb
        data abcdabcdabcdabcdabcdabcd
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "ipv4-udp-checksum-0",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 11 6eb2 0a010001 c000020a
        udp  03e8 0035 0014 0000
        data abcdabcdabcdabcdabcdabcd
        """,
        """
        eth  02010a00000c 0200000000aa 0800
        ip   4500 0028 0007 4000 40 11 6eb2 0a010001 c000020a
        udp  03e8 0035 0014 0000
        data abcdabcdabcdabcdabcdabcd
        """,
        "tx",
        "forwarded",
    ),
    # computed 0, sent as 0xffff
    Case(
        "ipv4-udp-checksum-ffff",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001e 0007 4000 40 11 6ebc 0a010001 c000020a
        udp  03e8 0035 000a ffff
        data 2fb1
        """,
        """
        eth  02010a00000c 0200000000aa 0800
        ip   4500 001e 0007 4000 40 11 6ebc 0a010001 c000020a
        udp  03e8 0035 000a ffff
        data 2fb1
        """,
        "tx",
        "forwarded",
    ),
    # two bytes behind the datagram, inside the IP packet
    Case(
        "ipv4-udp-shorter-than-ip",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0020 0007 4000 40 11 6eba 0a010001 c000020a
        udp  03e8 0035 000a 83e3
        data abcd
        data ffee
        """,
        """
        eth  02010a00000c 0200000000aa 0800
        ip   4500 0020 0007 4000 40 11 6eba 0a010001 c000020a
        udp  03e8 0035 000a 83e3
        data abcd
        data ffee
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "ipv4-option-nop",
        """
        eth  0200000000aa 020000000001 0800
        ip   4600 002c 0007 4000 40 06 6bb8 0a010001 c000020a
        opt  01010100
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
        """,
        """
        eth  02010a00000b 0200000000aa 0800
        ip   4600 002c 0007 4000 40 06 6bb8 0a010001 c000020a
        opt  01010100
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
        """,
        "tx",
        "forwarded",
    ),
    # router alert and record route: the longest header, 60 bytes
    Case(
        "ipv4-options-40-bytes",
        """
        eth  0200000000aa 020000000001 0800
        ip   4f00 0046 0007 4000 40 11 be62 0a010001 c000020a
        opt  940400000723080a010002000000000000000000000000000000000000000000
        opt  0000000000000000
        udp  03e8 0035 000a 83e3
        data abcd
        """,
        """
        eth  02010a00000c 0200000000aa 0800
        ip   4f00 0046 0007 4000 40 11 be62 0a010001 c000020a
        opt  940400000723080a010002000000000000000000000000000000000000000000
        opt  0000000000000000
        udp  03e8 0035 000a 83e3
        data abcd
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "ipv4-ttl-1",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 01 06 adbd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
        """,
        """
        eth  02010a00000b 0200000000aa 0800
        ip   4500 0028 0007 4000 01 06 adbd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
        """,
        "tx",
        "forwarded",
    ),
    # bit 0 of the flags makes no fragment
    Case(
        "ipv4-reserved-bit",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 8000 40 06 2ebd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
        """,
        """
        eth  02010a00000b 0200000000aa 0800
        ip   4500 0028 0007 8000 40 06 2ebd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
        """,
        "tx",
        "forwarded",
    ),
    # 40 bytes of IP in a 60-byte frame
    Case(
        "ipv4-padded",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
        pad  a5a5a5a5a5a5
        """,
        """
        eth  02010a00000b 0200000000aa 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0050 00000001 00000000 5002 0400 db9d 0000
        pad  a5a5a5a5a5a5
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "ipv4-udp-empty-padded",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001c 0007 4000 40 11 6ebe 0a010001 c000020a
        udp  03e8 0035 0008 2fb5
        pad  ffffffffffffffffffffffffffffffffffff
        """,
        """
        eth  02010a00000c 0200000000aa 0800
        ip   4500 001c 0007 4000 40 11 6ebe 0a010001 c000020a
        udp  03e8 0035 0008 2fb5
        pad  ffffffffffffffffffffffffffffffffffff
        """,
        "tx",
        "forwarded",
    ),
    # on_unknown = "schedule": an ACK without a flow makes one
    Case(
        "ipv4-unknown-scheduled",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0052 00000001 00000000 5010 0400 db8d 0000
        """,
        """
        eth  02010a00000b 0200000000aa 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0052 00000001 00000000 5010 0400 db8d 0000
        """,
        "tx",
        "forwarded",
    ),
]
