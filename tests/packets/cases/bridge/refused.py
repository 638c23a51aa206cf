# SPDX-License-Identifier: Apache-2.0
"""Mode bridge: first packets that are not forwarded, or only just."""

from __future__ import annotations

from tests.packets.cases.case import UNTOUCHED, Case

SINGLES = [
    Case(
        "bridge-ack-without-flow",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0082 00000002 00000101 5010 0400 da5b 0000
        """,
        UNTOUCHED,
        "drop",
        "no-flow",
    ),
    # from a real server of a service whose replies come back
    Case(
        "bridge-hairpin",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6e81 0a00003e c000020a
        tcp  03e8 0082 00000001 00000000 5002 0400 db2f 0000
        """,
        UNTOUCHED,
        "drop",
        "hairpin",
    ),
    # not of a connection through here
    Case(
        "bridge-reply-without-flow",
        """
        eth  020000000001 02010a00003d 0800
        ip   4500 0028 0007 4000 40 06 268b 0a00003d 0a010001
        tcp  1f90 03e8 00000001 00000002 5012 0400 7419 0000
        """,
        UNTOUCHED,
        "pass",
        "pass",
        "out0",
    ),
    # the MAC address of any station is right
    Case(
        "bridge-other-host",
        """
        eth  020000000099 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0082 00000001 00000000 5002 0400 db6b 0000
        """,
        """
        eth  02010a00003d 020000000001 0800
        ip   4500 0028 0007 4000 40 06 268b 0a010001 0a00003d
        tcp  03e8 1f90 00000001 00000000 5002 0400 742b 0000
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "bridge-multicast-mac",
        """
        eth  01005e000001 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0082 00000001 00000000 5002 0400 db6b 0000
        """,
        UNTOUCHED,
        "pass",
        "other-host",
    ),
    # the client is on the real server's side
    Case(
        "bridge-same-side",
        """
        eth  0200000000aa 020000000001 0800
        ip   4500 0028 0007 4000 40 06 6ebd 0a010001 c000020a
        tcp  03e8 0082 00000001 00000000 5002 0400 db6b 0000
        """,
        UNTOUCHED,
        "pass",
        "bridge-same-side",
        "out0",
    ),
    Case(
        "bridge6-ack-without-flow",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0082 00000002 00000101 5010 0400 7b9c 0000
        """,
        UNTOUCHED,
        "drop",
        "no-flow",
    ),
    # from a real server of a service whose replies come back
    Case(
        "bridge6-hairpin",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 40
        addr fd000000000000000000000000000062 20010db8000000000000000000000010
        tcp  03e8 0082 00000001 00000000 5002 0400 7c4c 0000
        """,
        UNTOUCHED,
        "drop",
        "hairpin",
    ),
    # not of a connection through here
    Case(
        "bridge6-reply-without-flow",
        """
        eth  020000000001 020100000061 86dd
        ip6  60000000 0014 06 40
        addr fd000000000000000000000000000061 fd010000000000000000000000000001
        tcp  1f90 03e8 00000001 00000002 5012 0400 8df3 0000
        """,
        UNTOUCHED,
        "pass",
        "pass",
        "out0",
    ),
    # the MAC address of any station is right
    Case(
        "bridge6-other-host",
        """
        eth  020000000099 020000000001 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0082 00000001 00000000 5002 0400 7cac 0000
        """,
        """
        eth  020100000061 020000000001 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 fd000000000000000000000000000061
        tcp  03e8 1f90 00000001 00000000 5002 0400 8e05 0000
        """,
        "redirect",
        "forwarded",
    ),
    Case(
        "bridge6-multicast-mac",
        """
        eth  01005e000001 020000000001 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0082 00000001 00000000 5002 0400 7cac 0000
        """,
        UNTOUCHED,
        "pass",
        "other-host",
    ),
    # the client is on the real server's side
    Case(
        "bridge6-same-side",
        """
        eth  0200000000aa 020000000001 86dd
        ip6  60000000 0014 06 40
        addr fd010000000000000000000000000001 20010db8000000000000000000000010
        tcp  03e8 0082 00000001 00000000 5002 0400 7cac 0000
        """,
        UNTOUCHED,
        "pass",
        "bridge-same-side",
        "out0",
    ),
]
