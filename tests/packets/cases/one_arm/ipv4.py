# SPDX-License-Identifier: Apache-2.0
"""Mode one-arm: the real server sees an address and a port of the pool (PPPP)."""

from __future__ import annotations

from tests.packets.cases.case import Case

TCP = [
    Case(
        "one-arm-tcp-syn",
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
        "one-arm-tcp-syn-ack",
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
    Case(
        "one-arm-tcp-ack",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0084 00000002 00000101 5010 0400 da59 0000
        """,
        """
        eth  02010a00003f 0200000000aa 0800
        ip   4500 0028 0007 4000 3f 06 0750 c6336407 0a00003f
        tcp  PPPP 1f90 00000002 00000101 5010 0400 56c8-P 0000
        """,
        "tx",
        "forwarded",
    ),
    # DSCP and ECN are kept, and padding
    Case(
        "one-arm-tcp-data",
        """
        eth  0200000000aa 020000000001 0800
        ip   45bb 002f 0007 4000 40 06 6dfb 0a010001 c000020a
        tcp  03e8 0084 00000002 00000101 5018 0400 05d8 0000
        data 474554202f0d0a
        pad  a5a5a5a5a5a5
        """,
        """
        eth  02010a00003f 0200000000aa 0800
        ip   45bb 002f 0007 4000 3f 06 068e c6336407 0a00003f
        tcp  PPPP 1f90 00000002 00000101 5018 0400 8246-P 0000
        data 474554202f0d0a
        pad  a5a5a5a5a5a5
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "one-arm-tcp-reply-data",
        """
        eth  0200000000aa 02010a00003f 0800
        ip   45bb 0030 0007 4000 40 06 058d 0a00003f c6336407
        tcp  1f90 PPPP 00000101 00000009 5018 0400 980b-P 0000
        data 323030204f4b0d0a
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   45bb 0030 0007 4000 3f 06 6efa c000020a 0a010001
        tcp  0084 03e8 00000101 00000009 5018 0400 1b9d 0000
        data 323030204f4b0d0a
        """,
        "tx",
        "forwarded-reply",
    ),
    Case(
        "one-arm-tcp-fin",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0084 00000009 00000109 5011 0400 da49 0000
        """,
        """
        eth  02010a00003f 0200000000aa 0800
        ip   4500 0028 0007 4000 3f 06 0750 c6336407 0a00003f
        tcp  PPPP 1f90 00000009 00000109 5011 0400 56b8-P 0000
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "one-arm-tcp-reply-fin",
        """
        eth  0200000000aa 02010a00003f 0800
        ip   4500 0028 0007 4000 40 06 0650 0a00003f c6336407
        tcp  1f90 PPPP 00000109 0000000a 5011 0400 56b7-P 0000
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 0028 0007 4000 3f 06 6fbd c000020a 0a010001
        tcp  0084 03e8 00000109 0000000a 5011 0400 da48 0000
        """,
        "tx",
        "forwarded-reply",
    ),
    Case(
        "one-arm-tcp-last-ack",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0084 0000000a 0000010a 5010 0400 da48 0000
        """,
        """
        eth  02010a00003f 0200000000aa 0800
        ip   4500 0028 0007 4000 3f 06 0750 c6336407 0a00003f
        tcp  PPPP 1f90 0000000a 0000010a 5010 0400 56b7-P 0000
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "one-arm-tcp-reply-rst",
        """
        eth  0200000000aa 02010a00003f 0800
        ip   4500 0028 0007 4000 40 06 0650 0a00003f c6336407
        tcp  1f90 PPPP 0000010a 00000000 5004 0400 56cd-P 0000
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 0028 0007 4000 3f 06 6fbd c000020a 0a010001
        tcp  0084 03e8 0000010a 00000000 5004 0400 da5e 0000
        """,
        "tx",
        "forwarded-reply",
    ),
]

UDP = [
    Case(
        "one-arm-udp-query",
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
    Case(
        "one-arm-udp-answer",
        """
        eth  0200000000aa 02010a00003f 0800
        ip   4500 001f 0007 4000 40 11 064e 0a00003f c6336407
        udp  0084 PPPP 000b fedb-P
        data cafe01
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 001f 0007 4000 3f 11 6fbb c000020a 0a010001
        udp  0084 03e8 000b 6361
        data cafe01
        """,
        "tx",
        "forwarded-reply",
    ),
    Case(
        "one-arm-udp-second-query",
        """
        eth  0200000000aa 020000000001 0800
        ip   45bb 001e 0007 4000 40 11 6e01 0a010001 c000020a
        udp  03e8 0084 000a 8393
        data abce
        """,
        """
        eth  02010a00003f 0200000000aa 0800
        ip   45bb 001e 0007 4000 3f 11 0694 c6336407 0a00003f
        udp  PPPP 0084 000a 1f0e-P
        data abce
        """,
        "tx",
        "forwarded",
    ),
    Case(
        "one-arm-udp-second-answer",
        """
        eth  0200000000aa 02010a00003f 0800
        ip   45bb 001c 0007 4000 40 11 0596 0a00003f c6336407
        udp  0084 PPPP 0008 cae0-P
        pad  a5a5a5a5
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   45bb 001c 0007 4000 3f 11 6f03 c000020a 0a010001
        udp  0084 03e8 0008 2f66
        pad  a5a5a5a5
        """,
        "tx",
        "forwarded-reply",
    ),
]
