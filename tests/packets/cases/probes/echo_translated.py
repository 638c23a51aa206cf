# SPDX-License-Identifier: Apache-2.0
"""ICMP echo: modes bridge, router, one-arm and nat."""

from __future__ import annotations

from tests.packets.cases.case import Case

CASES = [
    Case(
        "probe-echo-bridge",
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0024 0007 4000 40 01 aead-I c6120000 c612IIII
        icmp 0800 ca28 9c40 0001
        data 6162636465666768
        """,
        """
        eth  02010a00003d 0200000000bb 0800
        ip   4500 0024 0007 4000 40 01 2695 0a000001 0a00003d
        icmp 0800 6669-P PPPP 0001
        data 6162636465666768
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "probe-echo-bridge-answer",
        """
        eth  0200000000bb 02010a00003d 0800
        ip   4500 0024 0007 4000 40 01 2695 0a00003d 0a000001
        icmp 0000 6e69-P PPPP 0001
        data 6162636465666768
        """,
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0024 0007 4000 40 01 aead-I c612IIII c6120000
        icmp 0000 d228 9c40 0001
        data 6162636465666768
        """,
        "redirect",
        "probe-answer",
        "out0",
    ),
    Case(
        "probe-echo-router",
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0024 0007 4000 40 01 aead-I c6120000 c612IIII
        icmp 0800 ca28 9c40 0001
        data 6162636465666768
        """,
        """
        eth  02010a00003e 0200000000bb 0800
        ip   4500 0024 0007 4000 3f 01 2794 0a000001 0a00003e
        icmp 0800 6669-P PPPP 0001
        data 6162636465666768
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "probe-echo-router-answer",
        """
        eth  0200000000bb 02010a00003e 0800
        ip   4500 0024 0007 4000 40 01 2694 0a00003e 0a000001
        icmp 0000 6e69-P PPPP 0001
        data 6162636465666768
        """,
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0024 0007 4000 40 01 aead-I c612IIII c6120000
        icmp 0000 d228 9c40 0001
        data 6162636465666768
        """,
        "redirect",
        "probe-answer",
        "out0",
    ),
    Case(
        "probe-echo-router-tagged",
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0024 0007 4000 40 01 aead-I c6120000 c612IIII
        icmp 0800 ca28 9c40 0001
        data 6162636465666768
        """,
        """
        eth  02010a000042 0200000000aa 8100 0014 0800
        ip   4500 0024 0007 4000 3f 01 2790 0a000001 0a000042
        icmp 0800 6669-P PPPP 0001
        data 6162636465666768
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "probe-echo-router-tagged-answer",
        """
        eth  0200000000aa 02010a000042 8100 0014 0800
        ip   4500 0024 0007 4000 40 01 2690 0a000042 0a000001
        icmp 0000 6e69-P PPPP 0001
        data 6162636465666768
        """,
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0024 0007 4000 40 01 aead-I c612IIII c6120000
        icmp 0000 d228 9c40 0001
        data 6162636465666768
        """,
        "redirect",
        "probe-answer",
    ),
    Case(
        "probe-echo-one-arm",
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0024 0007 4000 40 01 aead-I c6120000 c612IIII
        icmp 0800 ca28 9c40 0001
        data 6162636465666768
        """,
        """
        eth  02010a00003f 0200000000aa 0800
        ip   4500 0024 0007 4000 3f 01 2793 0a000001 0a00003f
        icmp 0800 6669-P PPPP 0001
        data 6162636465666768
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "probe-echo-one-arm-answer",
        """
        eth  0200000000aa 02010a00003f 0800
        ip   4500 0024 0007 4000 40 01 2693 0a00003f 0a000001
        icmp 0000 6e69-P PPPP 0001
        data 6162636465666768
        """,
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0024 0007 4000 40 01 aead-I c612IIII c6120000
        icmp 0000 d228 9c40 0001
        data 6162636465666768
        """,
        "redirect",
        "probe-answer",
    ),
    Case(
        "probe-echo-nat",
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0024 0007 4000 40 01 aead-I c6120000 c612IIII
        icmp 0800 ca28 9c40 0001
        data 6162636465666768
        """,
        """
        eth  02010a000040 0200000000bb 0800
        ip   4500 0024 0007 4000 3f 01 2792 0a000001 0a000040
        icmp 0800 6669-P PPPP 0001
        data 6162636465666768
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "probe-echo-nat-answer",
        """
        eth  0200000000bb 02010a000040 0800
        ip   4500 0024 0007 4000 40 01 2692 0a000040 0a000001
        icmp 0000 6e69-P PPPP 0001
        data 6162636465666768
        """,
        """
        eth  0200000000d5 0200000000d5 0800
        ip   4500 0024 0007 4000 40 01 aead-I c612IIII c6120000
        icmp 0000 d228 9c40 0001
        data 6162636465666768
        """,
        "redirect",
        "probe-answer",
        "out0",
    ),
]

SERVICES = {
    "probe-echo-bridge": "bridge-130-tcp",
    "probe-echo-router": "router-131-tcp",
    "probe-echo-router-tagged": "router-141-tcp",
    "probe-echo-one-arm": "one-arm-132-tcp",
    "probe-echo-nat": "nat-133-tcp",
}
"""Of each case: the service whose real server has the place IIII in reals[]."""
