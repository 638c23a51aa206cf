# SPDX-License-Identifier: Apache-2.0
"""Mode one-arm: ICMP errors in both directions."""

from __future__ import annotations

from tests.packets.cases.case import Case

TCP = [
    Case(
        "one-arm-error-tcp-syn",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0084 00000001 00000000 5002 0400 db69 0000
        """,
        """
        eth  02010a00003f 0200000000aa 0800
        ip   4500 0028 0007 4000 3f 06 0750 c6336407 0a00003f
        tcp  PPPP 1f90 00000001 00000000 5002 0400 57d8-P 0000
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "one-arm-error-tcp-syn-ack",
        """
        eth  0200000000aa 02010a00003f 0800
        ip   4500 0028 0007 4000 40 06 0650 0a00003f c6336407
        tcp  1f90 PPPP 00000100 00000002 5012 0400 56c7-P 0000
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 0028 0007 4000 3f 06 6fbd c000020a 0a010001
        tcp  0084 03e8 00000100 00000002 5012 0400 da58 0000
        """,
        "tx",
        "forwarded-reply",
    ),
    # about a reply: from a router, with 8 bytes of it
    Case(
        "one-arm-error-to-vip-tcp-8",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 6ea8 0a030009 c000020a
        icmp 0304 f27a 00000514
        ip   4500 0030 0007 4000 3c 06 72b5 c000020a 0a010001
        data 0084 03e8 0000 0101
        """,
        """
        eth  02010a00003f 0200000000aa 0800
        ip   4500 0038 0007 4000 3f 01 0745 c6336407 0a00003f
        icmp 0304 d756-P 00000514
        ip   4500 0030 0007 4000 3c 06 0a48 0a00003f c6336407
        data 1f90 PPPP 0000 0101
        """,
        "tx",
        "forwarded",
    ),
    # from the client itself, with all of it
    Case(
        "one-arm-error-to-vip-tcp-whole",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 004c 0007 4000 40 01 6e9e 0a010001 c000020a
        icmp 0301 c92d 00000000
        ip   4500 0030 0007 4000 3c 06 72b5 c000020a 0a010001
        tcp  0084 03e8 00000101 00000009 5018 0400 1b9d 0000
        data 323030204f4b0d0a
        """,
        """
        eth  02010a00003f 0200000000aa 0800
        ip   4500 004c 0007 4000 3f 01 0731 c6336407 0a00003f
        icmp 0301 319b 00000000
        ip   4500 0030 0007 4000 3c 06 0a48 0a00003f c6336407
        tcp  1f90 PPPP 00000101 00000009 5018 0400 980b-P 0000
        data 323030204f4b0d0a
        """,
        "tx",
        "forwarded",
    ),
    # about a request: from a router, with 8 bytes of it
    Case(
        "one-arm-error-to-client-tcp-8",
        """
        eth  0200000000aa 020000000009 0800
        ip   4500 0038 0007 4000 40 01 fd7a 0a000909 c6336407
        icmp 0b00 d56d-P 00000000
        ip   4500 002f 0007 4000 3c 06 0a49 c6336407 0a00003f
        data PPPP 1f90 0000 0002
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 0038 0007 4000 3f 01 1eb4 0a000909 0a010001
        icmp 0b00 f091 00000000
        ip   4500 002f 0007 4000 3c 06 72b6 0a010001 c000020a
        data 03e8 0084 0000 0002
        """,
        "tx",
        "forwarded-reply",
    ),
    # from the real server, with all of it
    Case(
        "one-arm-error-to-client-tcp-whole",
        """
        eth  0200000000aa 02010a00003f 0800
        ip   4500 004b 0007 4000 40 01 0632 0a00003f c6336407
        icmp 0301 319a 00000000
        ip   4500 002f 0007 4000 3c 06 0a49 c6336407 0a00003f
        tcp  PPPP 1f90 00000002 00000101 5018 0400 8246-P 0000
        data 474554202f0d0a
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 004b 0007 4000 3f 01 6f9f c000020a 0a010001
        icmp 0301 c92c 00000000
        ip   4500 002f 0007 4000 3c 06 72b6 0a010001 c000020a
        tcp  03e8 0084 00000002 00000101 5018 0400 05d8 0000
        data 474554202f0d0a
        """,
        "tx",
        "forwarded-reply",
    ),
]

UDP = [
    Case(
        "one-arm-error-udp-query",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 001e 0007 4000 40 11 6ebc 0a010001 c000020a
        udp  03e8 0084 000a 8394
        data abcd
        """,
        """
        eth  02010a00003f 0200000000aa 0800
        ip   4500 001e 0007 4000 3f 11 074f c6336407 0a00003f
        udp  PPPP 0084 000a 1f0f-P
        data abcd
        """,
        "tx",
        "forwarded",
    ),
    # its checksum is in the 8 bytes
    Case(
        "one-arm-error-to-vip-udp-8",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0038 0007 4000 40 01 6eb2 0a010001 c000020a
        icmp 0303 9524 00000000
        ip   4500 001f 0007 4000 3c 11 72bb c000020a 0a010001
        udp  0084 03e8 000b 6361
        """,
        """
        eth  02010a00003f 0200000000aa 0800
        ip   4500 0038 0007 4000 3f 01 0745 c6336407 0a00003f
        icmp 0303 fd91 00000000
        ip   4500 001f 0007 4000 3c 11 0a4e 0a00003f c6336407
        udp  0084 PPPP 000b fedb-P
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "one-arm-error-to-client-udp-whole",
        """
        eth  0200000000aa 02010a00003f 0800
        ip   4500 003a 0007 4000 40 01 0643 0a00003f c6336407
        icmp 0303 3192 00000000
        ip   4500 001e 0007 4000 3c 11 0a4f c6336407 0a00003f
        udp  PPPP 0084 000a 1f0f-P
        data abcd
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 003a 0007 4000 3f 01 6fb0 c000020a 0a010001
        icmp 0303 c924 00000000
        ip   4500 001e 0007 4000 3c 11 72bc 0a010001 c000020a
        udp  03e8 0084 000a 8394
        data abcd
        """,
        "tx",
        "forwarded-reply",
    ),
    Case(
        "one-arm-error-to-client-udp-8",
        """
        eth  0200000000aa 020000000009 0800
        ip   4500 0038 0007 4000 40 01 fd7a 0a000909 c6336407
        icmp 0304 d84a 00000514
        ip   4500 001e 0007 4000 3c 11 0a4f c6336407 0a00003f
        udp  PPPP 0084 000a 1f0f-P
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 0038 0007 4000 3f 01 1eb4 0a000909 0a010001
        icmp 0304 6fdd 00000514
        ip   4500 001e 0007 4000 3c 11 72bc 0a010001 c000020a
        udp  03e8 0084 000a 8394
        """,
        "tx",
        "forwarded-reply",
    ),
    # none was computed
    Case(
        "one-arm-error-to-client-udp-no-checksum",
        """
        eth  0200000000aa 02010a00003f 0800
        ip   4500 0038 0007 4000 40 01 0645 0a00003f c6336407
        icmp 0303 fc6e-P 00000000
        ip   4500 001e 0007 4000 3c 11 0a4f c6336407 0a00003f
        udp  PPPP 0084 000a 0000
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 0038 0007 4000 3f 01 6fb2 c000020a 0a010001
        icmp 0303 f886 00000000
        ip   4500 001e 0007 4000 3c 11 72bc 0a010001 c000020a
        udp  03e8 0084 000a 0000
        """,
        "tx",
        "forwarded-reply",
    ),
]
