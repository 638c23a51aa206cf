# SPDX-License-Identifier: Apache-2.0
"""Attach and detach XDP programs by netlink (IFLA_XDP, net/core/dev.c).

Netlink and not bpf_link: `ip link set dev eth0 xdpgeneric off` (or `xdpdrv off`, as the mode is)
stays the operator's way out. Every change names its mode and reads the program id back, because
removing with the wrong mode does nothing and says nothing.
"""

from __future__ import annotations

import errno
import logging

from pyroute2.iproute.linux import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from dsrlb.errors import NetError
from dsrlb.net.links import Link, list_links

_IF_NOEXIST, _GENERIC, _NATIVE, _REPLACE = 1 << 0, 1 << 1, 1 << 2, 1 << 4
_MODES = {"generic": _GENERIC, "native": _NATIVE}

# It does not know XDP_FLAGS_REPLACE and warns of it.
logging.getLogger("pyroute2.netlink.rtnl.ifinfmsg").setLevel(logging.ERROR)


def _set(ifindex: int, attributes: list[tuple[str, int]]) -> None:
    with IPRoute() as route:
        route.link("set", index=ifindex, IFLA_XDP={"attrs": attributes})


def _by_index(ifindex: int) -> Link | None:
    return next((link for link in list_links().values() if link.ifindex == ifindex), None)


def _refused(name: str, mode: str, error: NetlinkError) -> NetError:
    reasons = {
        errno.EOPNOTSUPP: f"{name}: its driver has no {mode} XDP",
        errno.EBUSY: f"{name}: another XDP program is attached",
        errno.EEXIST: f"{name}: an XDP program is attached in the other mode",
        errno.EINVAL: f"{name}: the driver refuses {mode} XDP (often: MTU too large, or LRO on)",
        errno.ERANGE: f"{name}: the driver refuses {mode} XDP: MTU too large",
        errno.ENOSPC: f"{name}: the driver has too few queues for {mode} XDP",
        errno.ENODEV: f"{name}: the interface is gone",
    }
    text = reasons.get(error.code, f"{name}: cannot attach {mode} XDP: {error}")
    hint = 'xdp_mode = "generic" works with every driver' if mode == "native" else ""
    return NetError(text, hint=hint)


def attach(link: Link, program_fd: int, mode: str, replace_fd: int | None = None) -> None:
    """Attach a program in ``mode`` ("native" or "generic").

    Without ``replace_fd`` nothing may be attached yet; with it, exactly that program is replaced,
    in one step. Raises NetError.
    """
    flags = _MODES[mode] | (_IF_NOEXIST if replace_fd is None else _REPLACE)
    attributes = [("IFLA_XDP_FD", program_fd), ("IFLA_XDP_FLAGS", flags)]
    if replace_fd is not None:
        attributes.append(("IFLA_XDP_EXPECTED_FD", replace_fd))
    try:
        _set(link.ifindex, attributes)
    except NetlinkError as error:
        raise _refused(link.name, mode, error) from error
    now = _by_index(link.ifindex)
    if now is None or now.xdp_mode != mode or now.xdp_program is None:
        raise NetError(f"{link.name}: the kernel accepted the program but does not show it")


def detach(link: Link) -> bool:
    """Take off whatever is attached, in the mode it is attached in; False when there is nothing.

    Raises NetError when it is still there afterwards.
    """
    if link.xdp_mode is None:
        return False
    try:
        _set(link.ifindex, [("IFLA_XDP_FD", -1), ("IFLA_XDP_FLAGS", _MODES[link.xdp_mode])])
    except NetlinkError as error:
        raise NetError(f"{link.name}: cannot detach XDP: {error}") from error
    now = _by_index(link.ifindex)
    if now is not None and now.xdp_mode is not None:
        raise NetError(f"{link.name}: XDP program {now.xdp_program} is still attached")
    return True
