# SPDX-License-Identifier: Apache-2.0
"""Modes bridge, router, one-arm and nat."""

from __future__ import annotations

from tests.packets.cases.case import Case

CASES = [
    Case(
        "probe-bridge",
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0028 0007 4000 40 06 aea4-I c6120000 c612IIII
        tcp  9c40 0082 00000001 00000000 5002 0400 82fa-I 0000
        """,
        """
        eth  02010a00003d 0200000000bb 0800
        ip   4500 0028 0007 4000 40 06 268c 0a000001 0a00003d
        tcp  PPPP 1f90 00000001 00000000 5002 0400 7814-P 0000
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "probe-bridge-answer",
        """
        eth  0200000000bb 02010a00003d 0800
        ip   4500 0028 0007 4000 40 06 268c 0a00003d 0a000001
        tcp  1f90 PPPP 00000100 00000002 5012 0400 7703-P 0000
        """,
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0028 0007 4000 40 06 aea4-I c612IIII c6120000
        tcp  0082 9c40 00000100 00000002 5012 0400 81e9-I 0000
        """,
        "redirect",
        "probe-answer",
        "out0",
    ),
    Case(
        "probe-router",
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0028 0007 4000 40 06 aea4-I c6120000 c612IIII
        tcp  9c40 0083 00000001 00000000 5002 0400 82f9-I 0000
        """,
        """
        eth  02010a00003e 0200000000bb 0800
        ip   4500 0028 0007 4000 3f 06 278b 0a000001 0a00003e
        tcp  PPPP 1f90 00000001 00000000 5002 0400 7813-P 0000
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "probe-router-answer",
        """
        eth  0200000000bb 02010a00003e 0800
        ip   4500 0028 0007 4000 40 06 268b 0a00003e 0a000001
        tcp  1f90 PPPP 00000100 00000002 5012 0400 7702-P 0000
        """,
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0028 0007 4000 40 06 aea4-I c612IIII c6120000
        tcp  0083 9c40 00000100 00000002 5012 0400 81e8-I 0000
        """,
        "redirect",
        "probe-answer",
        "out0",
    ),
    Case(
        # 9999 is not the service's port, for which the real server has 8080
        "probe-router-other-port",
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0028 0007 4000 40 06 aea4-I c6120000 c612IIII
        tcp  9c40 270f 00000001 00000000 5002 0400 5c6d-I 0000
        """,
        """
        eth  02010a00003e 0200000000bb 0800
        ip   4500 0028 0007 4000 3f 06 278b 0a000001 0a00003e
        tcp  PPPP 270f 00000001 00000000 5002 0400 7094-P 0000
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "probe-router-other-port-answer",
        """
        eth  0200000000bb 02010a00003e 0800
        ip   4500 0028 0007 4000 40 06 268b 0a00003e 0a000001
        tcp  270f PPPP 00000100 00000002 5012 0400 6f83-P 0000
        """,
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0028 0007 4000 40 06 aea4-I c612IIII c6120000
        tcp  270f 9c40 00000100 00000002 5012 0400 5b5c-I 0000
        """,
        "redirect",
        "probe-answer",
        "out0",
    ),
    Case(
        "probe-router-tagged",
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0028 0007 4000 40 06 aea4-I c6120000 c612IIII
        tcp  9c40 008d 00000001 00000000 5002 0400 82ef-I 0000
        """,
        """
        eth  02010a000042 0200000000aa 8100 0014 0800
        ip   4500 0028 0007 4000 3f 06 2787 0a000001 0a000042
        tcp  PPPP 008d 00000001 00000000 5002 0400 9712-P 0000
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "probe-router-tagged-answer",
        """
        eth  0200000000aa 02010a000042 8100 0014 0800
        ip   4500 0028 0007 4000 40 06 2687 0a000042 0a000001
        tcp  008d PPPP 00000100 00000002 5012 0400 9601-P 0000
        """,
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0028 0007 4000 40 06 aea4-I c612IIII c6120000
        tcp  008d 9c40 00000100 00000002 5012 0400 81de-I 0000
        """,
        "redirect",
        "probe-answer",
    ),
    Case(
        "probe-one-arm",
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0028 0007 4000 40 06 aea4-I c6120000 c612IIII
        tcp  9c40 0084 00000001 00000000 5002 0400 82f8-I 0000
        """,
        """
        eth  02010a00003f 0200000000aa 0800
        ip   4500 0028 0007 4000 3f 06 278a 0a000001 0a00003f
        tcp  PPPP 1f90 00000001 00000000 5002 0400 7812-P 0000
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "probe-one-arm-answer",
        """
        eth  0200000000aa 02010a00003f 0800
        ip   4500 0028 0007 4000 40 06 268a 0a00003f 0a000001
        tcp  1f90 PPPP 00000100 00000002 5012 0400 7701-P 0000
        """,
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0028 0007 4000 40 06 aea4-I c612IIII c6120000
        tcp  0084 9c40 00000100 00000002 5012 0400 81e7-I 0000
        """,
        "redirect",
        "probe-answer",
    ),
    Case(
        "probe-nat",
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0028 0007 4000 40 06 aea4-I c6120000 c612IIII
        tcp  9c40 0085 00000001 00000000 5002 0400 82f7-I 0000
        """,
        """
        eth  02010a000040 0200000000bb 0800
        ip   4500 0028 0007 4000 3f 06 2789 0a000001 0a000040
        tcp  PPPP 1f90 00000001 00000000 5002 0400 7811-P 0000
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "probe-nat-answer",
        """
        eth  0200000000bb 02010a000040 0800
        ip   4500 0028 0007 4000 40 06 2689 0a000040 0a000001
        tcp  1f90 PPPP 00000100 00000002 5012 0400 7700-P 0000
        """,
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0028 0007 4000 40 06 aea4-I c612IIII c6120000
        tcp  0085 9c40 00000100 00000002 5012 0400 81e6-I 0000
        """,
        "redirect",
        "probe-answer",
        "out0",
    ),
    Case(
        "probe-nat-udp-tagged",
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 001e 0007 4000 40 11 aea3-I c6120000 c612IIII
        udp  9c40 008f 000a 2b18-I
        data abcd
        """,
        """
        eth  02010a000044 0200000000aa 8100 0014 0800
        ip   4500 001e 0007 4000 3f 11 2784 0a000001 0a000044
        udp  PPPP 14e9 000a 2adf-P
        data abcd
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "probe-nat-udp-tagged-answer",
        """
        eth  0200000000aa 02010a000044 8100 0014 0800
        ip   4500 001e 0007 4000 40 11 2684 0a000044 0a000001
        udp  14e9 PPPP 000a 2adf-P
        data abcd
        """,
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 001e 0007 4000 40 11 aea3-I c612IIII c6120000
        udp  008f 9c40 000a 2b18-I
        data abcd
        """,
        "redirect",
        "probe-answer",
    ),
]

SERVICES = {
    "probe-bridge": "bridge-130-tcp",
    "probe-router": "router-131-tcp",
    "probe-router-other-port": "router-131-tcp",
    "probe-router-tagged": "router-141-tcp",
    "probe-one-arm": "one-arm-132-tcp",
    "probe-nat": "nat-133-tcp",
    "probe-nat-udp-tagged": "nat-143-udp",
}
"""Of each case: the service whose real server has the place IIII in reals[]."""
