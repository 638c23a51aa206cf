# SPDX-License-Identifier: Apache-2.0
"""What a process may do (capabilities(7)): give up all that it does not need, for good.

Numbers are those of linux/capability.h and linux/prctl.h.
"""

from __future__ import annotations

import ctypes
import os
import pwd
from collections.abc import Iterable

from dsrlb.errors import KernelError

CHOWN, DAC_OVERRIDE, KILL, SETGID, SETUID, SETPCAP = 0, 1, 5, 6, 7, 8
NET_BIND_SERVICE, NET_ADMIN, NET_RAW, IPC_LOCK = 10, 12, 13, 14
SYS_ADMIN, SYS_NICE, SYS_RESOURCE = 21, 23, 24
PERFMON, BPF = 38, 39

_SET_KEEPCAPS, _CAPBSET_READ, _CAPBSET_DROP, _SET_NO_NEW_PRIVS = 8, 23, 24, 38
_AMBIENT, _AMBIENT_CLEAR_ALL = 47, 4
_VERSION_3 = 0x20080522
_MOST = 64  # bits of a set

_libc = ctypes.CDLL(None, use_errno=True)


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Half(ctypes.Structure):
    """32 bits of each set."""

    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


_Halves = _Half * 2


def _refused(what: str) -> KernelError:
    number = ctypes.get_errno()
    return KernelError(f"privileges: {what}: {os.strerror(number)}")


def _prctl(what: str, option: int, *values: int) -> int:
    arguments = [ctypes.c_ulong(value) for value in (*values, 0, 0, 0, 0)[:4]]
    done: int = _libc.prctl(option, *arguments)
    if done < 0:
        raise _refused(what)
    return done


def permitted() -> frozenset[int]:
    """The capabilities that this process has or can switch on. Raises KernelError."""
    halves = _Halves()
    if _libc.capget(ctypes.byref(_Header(_VERSION_3, 0)), halves) != 0:
        raise _refused("capget")
    bits = halves[0].permitted | halves[1].permitted << 32
    return frozenset(number for number in range(_MOST) if bits >> number & 1)


def _set(wanted: frozenset[int]) -> None:
    """Effective and permitted are these; nothing is inherited."""
    bits, halves = sum(1 << number for number in wanted), _Halves()
    for half, value in zip(halves, (bits & 0xFFFFFFFF, bits >> 32), strict=True):
        half.effective = half.permitted = value
    if _libc.capset(ctypes.byref(_Header(_VERSION_3, 0)), halves) != 0:
        raise _refused("capset")


def _narrow(wanted: frozenset[int]) -> None:
    """Nothing else can come back by a program that is run: not by the bounding set, not ambient."""
    if SETPCAP in permitted():  # who lacks it cannot, and no_new_privs is what holds
        for number in range(_MOST):
            if number in wanted:
                continue
            if _libc.prctl(_CAPBSET_READ, ctypes.c_ulong(number), 0, 0, 0) == 1:
                _prctl(f"bounding set without capability {number}", _CAPBSET_DROP, number)
    _prctl("ambient set", _AMBIENT, _AMBIENT_CLEAR_ALL)


def keep(capabilities: Iterable[int]) -> frozenset[int]:
    """Have these capabilities at most from now on, whoever this process runs as, and so has all
    that it starts. Returns those that it really has: they may have been limited before. Raises
    KernelError."""
    wanted = frozenset(capabilities)
    _narrow(wanted)
    kept = wanted & permitted()
    _set(kept)
    _prctl("no_new_privs", _SET_NO_NEW_PRIVS, 1)
    return kept


def drop_to(user: str, capabilities: Iterable[int] = ()) -> frozenset[int]:
    """Become a user and its group, without supplementary groups, with these capabilities at most.
    Programs that are run then have none. Returns those that are kept. Raises KernelError.

    The caller has to be root, with CAP_SETUID, CAP_SETGID, and, for the bounding set, CAP_SETPCAP.
    """
    wanted = frozenset(capabilities)
    try:
        entry = pwd.getpwnam(user)
    except KeyError as error:
        raise KernelError(f"privileges: there is no user {user!r}") from error
    _narrow(wanted)
    _prctl("keepcaps", _SET_KEEPCAPS, 1)
    try:
        os.setgroups([])
        os.setresgid(entry.pw_gid, entry.pw_gid, entry.pw_gid)
        os.setresuid(entry.pw_uid, entry.pw_uid, entry.pw_uid)
    except OSError as error:
        raise KernelError(f"privileges: becoming {user!r}: {error.strerror}") from error
    _prctl("keepcaps", _SET_KEEPCAPS, 0)
    kept = wanted & permitted()
    _set(kept)
    _prctl("no_new_privs", _SET_NO_NEW_PRIVS, 1)
    return kept
