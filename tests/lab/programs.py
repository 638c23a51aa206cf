# SPDX-License-Identifier: Apache-2.0
"""XDP programs that are not dsrlb's, put on interfaces and taken off."""

from __future__ import annotations

import os

from dsrlb.dataplane import bpf
from dsrlb.net import xdp
from dsrlb.net.links import get_link
from tests.lab.plain import Namespace

_XDP_PASS = bytes.fromhex("b7000000020000009500000000000000")  # r0 = XDP_PASS; exit


def attach_pass(namespace: Namespace, name: str, mode: str) -> int:
    """Attach a small program, "somebodys", that passes everything; returns its id."""

    def attach() -> int:
        fd = bpf.prog_load_xdp(_XDP_PASS, "somebodys")
        try:
            link = get_link(name)
            assert link is not None
            xdp.attach(link, fd, mode)
            return bpf.prog_info(fd).id
        finally:
            os.close(fd)

    return namespace.call(attach)


def detach_all(namespace: Namespace, name: str) -> None:
    """Take off whatever program is on an interface."""

    def detach() -> None:
        link = get_link(name)
        assert link is not None
        xdp.detach(link)

    namespace.call(detach)
