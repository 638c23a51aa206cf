# SPDX-License-Identifier: Apache-2.0
"""Mode router: one client port, two services, one real server."""

from __future__ import annotations

from tests.packets.cases.case import UNTOUCHED, Case

SHARED = [
    Case(
        "router-shared-tcp-syn",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0083 00000001 00000000 5002 0400 db6a 0000
        """,
        """
        eth  02010a00003e 0200000000bb 0800
        ip   4500 0028 0007 4000 3f 06 278a 0a010001 0a00003e
        tcp  03e8 1f90 00000001 00000000 5002 0400 742a 0000
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "router-shared-tcp-syn-ack",
        """
        eth  0200000000bb 02010a00003e 0800
        ip   4500 0028 0007 4000 40 06 268a 0a00003e 0a010001
        tcp  1f90 03e8 00000100 00000002 5012 0400 7319 0000
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 0028 0007 4000 3f 06 6fbd c000020a 0a010001
        tcp  0083 03e8 00000100 00000002 5012 0400 da59 0000
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    # the same client port to another service of the same real server and port
    Case(
        "router-shared-tuple-taken",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0097 00000001 00000000 5002 0400 db56 0000
        """,
        UNTOUCHED,
        "drop",
        "tuple-taken",
    ),
    Case(
        "router-shared-fin",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0083 00000002 00000101 5011 0400 da59 0000
        """,
        """
        eth  02010a00003e 0200000000bb 0800
        ip   4500 0028 0007 4000 3f 06 278a 0a010001 0a00003e
        tcp  03e8 1f90 00000002 00000101 5011 0400 7319 0000
        """,
        "redirect",
        "forwarded",
    ),
    # a closing flow gives way
    Case(
        "router-shared-gives-way",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0097 00000001 00000000 5002 0400 db56 0000
        """,
        """
        eth  02010a00003e 0200000000bb 0800
        ip   4500 0028 0007 4000 3f 06 278a 0a010001 0a00003e
        tcp  03e8 1f90 00000001 00000000 5002 0400 742a 0000
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "router-shared-gone",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0083 00000003 00000101 5010 0400 da59 0000
        """,
        UNTOUCHED,
        "drop",
        "no-flow",
    ),
    Case(
        "router-shared-reply",
        """
        eth  0200000000bb 02010a00003e 0800
        ip   4500 0028 0007 4000 40 06 268a 0a00003e 0a010001
        tcp  1f90 03e8 00000100 00000002 5012 0400 7319 0000
        """,
        """
        eth  020000000001 0200000000aa 0800
        ip   4500 0028 0007 4000 3f 06 6fbd c000020a 0a010001
        tcp  0097 03e8 00000100 00000002 5012 0400 da45 0000
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
]

SHARED6 = [
    Case(
        "router6-shared-tcp-syn",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0083 00000001 00000000 5002 0400 7cab 0000
        """,
        """
        eth  020100000062 0200000000bb 86dd
        ip6  60000000 0014 06 3f
        addr fd010000000000000000000000000001 fd000000000000000000000000000062
        tcp  03e8 1f90 00000001 00000000 5002 0400 8e04 0000
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "router6-shared-tcp-syn-ack",
        """
        eth  0200000000bb 020100000062 86dd
        ip6  60000000 0014 06 40
        addr fd000000000000000000000000000062 fd010000000000000000000000000001
        tcp  1f90 03e8 00000100 00000002 5012 0400 8cf3 0000
        """,
        """
        eth  020000000001 0200000000aa 86dd
        ip6  60000000 0014 06 3f
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        tcp  0083 03e8 00000100 00000002 5012 0400 7b9a 0000
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
    # the same client port to another service of the same real server and port
    Case(
        "router6-shared-tuple-taken",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0097 00000001 00000000 5002 0400 7c97 0000
        """,
        UNTOUCHED,
        "drop",
        "tuple-taken",
    ),
    Case(
        "router6-shared-fin",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0083 00000002 00000101 5011 0400 7b9a 0000
        """,
        """
        eth  020100000062 0200000000bb 86dd
        ip6  60000000 0014 06 3f
        addr fd010000000000000000000000000001 fd000000000000000000000000000062
        tcp  03e8 1f90 00000002 00000101 5011 0400 8cf3 0000
        """,
        "redirect",
        "forwarded",
    ),
    # a closing flow gives way
    Case(
        "router6-shared-gives-way",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0097 00000001 00000000 5002 0400 7c97 0000
        """,
        """
        eth  020100000062 0200000000bb 86dd
        ip6  60000000 0014 06 3f
        addr fd010000000000000000000000000001 fd000000000000000000000000000062
        tcp  03e8 1f90 00000001 00000000 5002 0400 8e04 0000
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "router6-shared-gone",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0083 00000003 00000101 5010 0400 7b9a 0000
        """,
        UNTOUCHED,
        "drop",
        "no-flow",
    ),
    Case(
        "router6-shared-reply",
        """
        eth  0200000000bb 020100000062 86dd
        ip6  60000000 0014 06 40
        addr fd000000000000000000000000000062 fd010000000000000000000000000001
        tcp  1f90 03e8 00000100 00000002 5012 0400 8cf3 0000
        """,
        """
        eth  020000000001 0200000000aa 86dd
        ip6  60000000 0014 06 3f
        addr 20010db8000000000000000000000010 fd010000000000000000000000000001
        tcp  0097 03e8 00000100 00000002 5012 0400 7b86 0000
        """,
        "redirect",
        "forwarded-reply",
        "out0",
    ),
]
