# SPDX-License-Identifier: Apache-2.0
"""``python -m lablib.peer INTERFACE``: attach a program that passes everything, natively.

A veth sends frames that native XDP transmits only when its peer end has an XDP program too.
"""

from __future__ import annotations

import os
import sys

from dsrlb.dataplane import bpf
from dsrlb.net import links, xdp

_PASS = bytes.fromhex("b7000000020000009500000000000000")  # r0 = XDP_PASS; exit


def main(name: str) -> int:
    """Attach to the switch port ``name`` of this namespace."""
    link = links.get_link(name)
    if link is None:
        sys.exit(f"no interface {name} here")
    fd = bpf.prog_load_xdp(_PASS, "lab_pass")
    xdp.attach(link, fd, "native")
    os.close(fd)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
