# SPDX-License-Identifier: Apache-2.0
"""The bpf() system call through ctypes: maps, pins, programs, test runs.

bcc wraps neither BPF_PROG_TEST_RUN nor loading with flags, and importing it costs the daemon
75 MB of LLVM. Attribute layouts: union bpf_attr in include/uapi/linux/bpf.h. Every function raises
OSError with the kernel's errno; file descriptors are plain ints that the caller closes.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_NUMBERS = {"x86_64": 321, "aarch64": 280}
_NUMBER = _NUMBERS.get(platform.machine(), 321)
_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long

MAP_CREATE, MAP_LOOKUP, MAP_UPDATE, MAP_DELETE, MAP_NEXT_KEY = range(5)
PROG_LOAD, OBJ_PIN, OBJ_GET = 5, 6, 7
PROG_TEST_RUN = 10
PROG_GET_FD_BY_ID, MAP_GET_FD_BY_ID, OBJ_INFO_BY_FD = 13, 14, 15
MAP_LOOKUP_BATCH = 24
MAP_UPDATE_BATCH = 26

MAP_TYPE_HASH, MAP_TYPE_ARRAY, MAP_TYPE_PROG_ARRAY, MAP_TYPE_PERCPU_ARRAY = 1, 2, 3, 6
MAP_TYPE_LRU_HASH, MAP_TYPE_DEVMAP = 9, 14
ANY, NOEXIST, EXIST = 0, 1, 2

PROG_TYPE_XDP = 6
XDP_ABORTED, XDP_DROP, XDP_PASS, XDP_TX, XDP_REDIRECT = range(5)

BPFFS_MAGIC = 0xCAFE4A11

_LOAD_TRIES = 10
"""Of a program, which signals keep from being verified (do_check() in kernel/bpf/verifier.c)."""


def call(command: int, attr: bytes | bytearray) -> tuple[int, bytes]:
    """Run bpf(command, attr); return the result and attr as the kernel left it."""
    buffer = ctypes.create_string_buffer(bytes(attr), len(attr))
    result = _libc.syscall(_NUMBER, command, buffer, len(attr))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return int(result), buffer.raw


def _address(buffer: object) -> int:
    return ctypes.addressof(buffer)  # type: ignore[arg-type]  # any ctypes instance


def map_create(
    kind: int, key_size: int, value_size: int, max_entries: int, flags: int, name: str
) -> int:
    """Create a map and return its file descriptor."""
    attr = struct.pack(
        "<IIIIIII16s", kind, key_size, value_size, max_entries, flags, 0, 0, name.encode()[:15]
    )
    return call(MAP_CREATE, attr)[0]


def _element(command: int, fd: int, key: bytes, value: int, flags: int) -> None:
    buffer = ctypes.create_string_buffer(key, len(key))
    call(command, struct.pack("<IxxxxQQQ", fd, _address(buffer), value, flags))


def map_lookup(fd: int, key: bytes, value_size: int) -> bytes | None:
    """Return the value under ``key`` (per-CPU maps: all of them one after the other) or None."""
    value = ctypes.create_string_buffer(value_size)
    try:
        _element(MAP_LOOKUP, fd, key, _address(value), 0)
    except OSError as error:
        if error.errno == errno.ENOENT:
            return None
        raise
    return value.raw


def map_update(fd: int, key: bytes, value: bytes, flags: int = ANY) -> None:
    """Write one element."""
    buffer = ctypes.create_string_buffer(value, len(value))
    _element(MAP_UPDATE, fd, key, _address(buffer), flags)


def map_delete(fd: int, key: bytes) -> bool:
    """Delete one element; False when there was none."""
    try:
        _element(MAP_DELETE, fd, key, 0, 0)
    except OSError as error:
        if error.errno == errno.ENOENT:
            return False
        raise
    return True


def map_keys(fd: int, key_size: int) -> Iterator[bytes]:
    """Yield the keys of a (small) hash map, which nobody else changes meanwhile."""
    key: bytes | None = None
    while True:
        following = ctypes.create_string_buffer(key_size)
        current = ctypes.create_string_buffer(key, key_size) if key is not None else None
        attr = struct.pack(
            "<IxxxxQQQ", fd, _address(current) if current else 0, _address(following), 0
        )
        try:
            call(MAP_NEXT_KEY, attr)
        except OSError as error:
            if error.errno == errno.ENOENT:
                return
            raise
        key = following.raw
        yield key


def map_update_batch(fd: int, keys: bytes, values: bytes, count: int) -> None:
    """Write so many elements. ``values``: of per-CPU maps as map_lookup_batch() gives them."""
    buffers = [ctypes.create_string_buffer(each, len(each)) for each in (keys, values)]
    call(MAP_UPDATE_BATCH, struct.pack("<QQQQIIQQ", 0, 0, *map(_address, buffers), count, fd, 0, 0))


def map_lookup_batch(
    fd: int, key_size: int, value_size: int, count: int
) -> Iterator[tuple[bytes, bytes, int]]:
    """Yield (keys, values, number) of up to ``count`` elements at a time until the end.

    ``value_size`` is what one element takes in the copy: for per-CPU maps the rounded size times
    the number of possible CPUs.
    """
    keys = ctypes.create_string_buffer(key_size * count)
    values = ctypes.create_string_buffer(value_size * count)
    token_in = ctypes.create_string_buffer(max(key_size, 8))
    token_out = ctypes.create_string_buffer(max(key_size, 8))
    first = True
    while True:
        attr = struct.pack(
            "<QQQQIIQQ",
            0 if first else _address(token_in),
            _address(token_out),
            _address(keys),
            _address(values),
            count,
            fd,
            0,
            0,
        )
        buffer = ctypes.create_string_buffer(attr, len(attr))
        result = _libc.syscall(_NUMBER, MAP_LOOKUP_BATCH, buffer, len(attr))
        number = ctypes.get_errno() if result < 0 else 0
        if number not in (0, errno.ENOENT):
            raise OSError(number, os.strerror(number))
        (done,) = struct.unpack_from("<I", buffer.raw, 32)
        if done:
            yield keys.raw[: done * key_size], values.raw[: done * value_size], done
        if number == errno.ENOENT:
            return
        ctypes.memmove(token_in, token_out, len(token_in))
        first = False


def pin(fd: int, path: Path) -> None:
    """Pin a map or program in bpffs."""
    name = ctypes.create_string_buffer(os.fsencode(path))
    call(OBJ_PIN, struct.pack("<QII", _address(name), fd, 0))


def get_pinned(path: Path) -> int:
    """Open a pinned object and return its file descriptor."""
    name = ctypes.create_string_buffer(os.fsencode(path))
    return call(OBJ_GET, struct.pack("<QII", _address(name), 0, 0))[0]


def _info(fd: int, size: int) -> bytes:
    info = ctypes.create_string_buffer(size)
    call(OBJ_INFO_BY_FD, struct.pack("<IIQ", fd, size, _address(info)))
    return info.raw


@dataclass(frozen=True, slots=True)
class MapInfo:
    """What the kernel says of a map (struct bpf_map_info)."""

    kind: int
    id: int
    key_size: int
    value_size: int
    max_entries: int
    flags: int


def map_info(fd: int) -> MapInfo:
    """Describe the map behind ``fd``."""
    return MapInfo(*struct.unpack_from("<IIIIII", _info(fd, 80)))


@dataclass(frozen=True, slots=True)
class ProgInfo:
    """What the kernel says of a program (struct bpf_prog_info)."""

    kind: int
    id: int
    tag: str
    name: str
    translated_bytes: int
    verified_instructions: int


def prog_info(fd: int) -> ProgInfo:
    """Describe the program behind ``fd``."""
    raw = _info(fd, 232)
    kind, number, tag, _jited, translated = struct.unpack_from("<II8sII", raw)
    name = raw[64:80].split(b"\0")[0].decode()
    (verified,) = struct.unpack_from("<I", raw, 216)
    return ProgInfo(kind, number, tag.hex(), name, translated, verified)


def prog_map_ids(fd: int) -> set[int]:
    """The ids of the maps that a program uses."""
    most = 256
    ids = (ctypes.c_uint32 * most)()
    info = ctypes.create_string_buffer(232)
    # nr_map_ids at 52 and the pointer map_ids at 56, behind load_time and created_by_uid
    struct.pack_into("<IQ", info, 52, most, _address(ids))
    call(OBJ_INFO_BY_FD, struct.pack("<IIQ", fd, 232, _address(info)))
    (count,) = struct.unpack_from("<I", info.raw, 52)
    return set(ids[:count])


def prog_fd_by_id(number: int) -> int:
    """Open a loaded program by its id."""
    return call(PROG_GET_FD_BY_ID, struct.pack("<III", number, 0, 0))[0]


class VerifierError(OSError):
    """The verifier refused a program; ``log`` holds its words."""

    def __init__(self, number: int, log: str) -> None:
        super().__init__(number, os.strerror(number))
        self.log = log


def _load(
    instructions: bytes, name: str, flags: int, log: ctypes.Array[ctypes.c_char] | None
) -> int:
    code = ctypes.create_string_buffer(instructions, len(instructions))
    licence = ctypes.create_string_buffer(b"GPL")
    attr = struct.pack(
        "<IIQQIIQII16sII",
        PROG_TYPE_XDP,
        len(instructions) // 8,
        _address(code),
        _address(licence),
        1 if log is not None else 0,
        len(log) if log is not None else 0,
        _address(log) if log is not None else 0,
        0,
        flags,
        name.encode()[:15],
        0,
        0,
    )
    for _ in range(_LOAD_TRIES - 1):
        try:
            return call(PROG_LOAD, attr)[0]
        except BlockingIOError:  # a signal came: the verifier gives up and has it delivered first
            continue
    return call(PROG_LOAD, attr)[0]


def prog_load_xdp(instructions: bytes, name: str, flags: int = 0) -> int:
    """Load an XDP program and return its file descriptor; VerifierError when it is refused."""
    try:
        return _load(instructions, name, flags, None)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EINVAL, errno.E2BIG):
            raise
        log = ctypes.create_string_buffer(16 << 20)
        try:
            return _load(instructions, name, flags, log)
        except OSError as again:
            text = log.value.decode(errors="replace")
            raise VerifierError(again.errno or 0, text) from None


@dataclass(frozen=True, slots=True)
class TestRun:
    """Result of BPF_PROG_TEST_RUN: XDP code, the frame after, mean duration in ns."""

    __test__ = False
    code: int
    frame: bytes
    duration: int


def prog_test_run(
    fd: int, frame: bytes, ifindex: int = 0, repeat: int = 1, headroom_out: int = 256
) -> TestRun:
    """Run an XDP program on one frame as if it came in on ``ifindex`` (of this namespace).

    The kernel insists on at least 14 bytes (net/bpf/test_run.c).
    """
    data = ctypes.create_string_buffer(frame, len(frame))
    out = ctypes.create_string_buffer(len(frame) + headroom_out)
    # struct xdp_md: data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex
    context = ctypes.create_string_buffer(
        struct.pack("<IIIIII", 0, len(frame), 0, ifindex, 0, 0), 24
    )
    attr = struct.pack(
        "<IIIIQQIIIIQQIIII",
        fd,
        0,
        len(frame),
        len(out),
        _address(data),
        _address(out),
        repeat,
        0,
        24 if ifindex else 0,
        0,
        _address(context) if ifindex else 0,
        0,
        0,
        0,
        0,
        0,
    )
    _, result = call(PROG_TEST_RUN, attr)
    _, code, _, size, _, _, _, duration = struct.unpack_from("<IIIIQQII", result)
    return TestRun(code, out.raw[:size], duration)
