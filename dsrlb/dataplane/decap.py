# SPDX-License-Identifier: Apache-2.0
"""The decapsulation of a real server (ebpf/decap.c): load it, find it again, read and write it.

Nothing is pinned and nobody runs: the program and its maps live as long as it is on an interface,
and its maps are found by the ids that the kernel tells of the program.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address

from dsrlb.dataplane import bpf
from dsrlb.dataplane.artifact import Artifact, MapLayout, Program, build, part
from dsrlb.dataplane.cpus import possible_cpus
from dsrlb.errors import KernelError, LoadError

IPAddress = IPv4Address | IPv6Address

PART = "decap"
PROGRAM = "dsrlb_decap"
IPIP, GUE = 1, 2  # METHOD_IPIP, METHOD_GUE in ebpf/decap_maps.h
_VERSION = 1  # DECAP_VERSION
_SETTINGS, _VIPS, _REALS, _COUNTS = "decap_settings", "decap_vips", "decap_reals", "decap_counts"
_SIZES = {_SETTINGS: (4, 8), _VIPS: (16, 4), _REALS: (16, 4), _COUNTS: (4, 8)}
_MAPPED = bytes(10) + b"\xff\xff"
_PSEUDO_MAP_FD = 1 << 4
_LOG_TAIL = 4000


@dataclass(frozen=True, slots=True)
class Tables:
    """Whose packets are opened. ``vips``: by address, the methods (IPIP | GUE) that it has."""

    vips: Mapping[IPAddress, int] = field(default_factory=dict)
    reals: frozenset[IPAddress] = frozenset()
    gue_port: int = 0

    def __or__(self, other: Tables) -> Tables:
        """Both together; the port of ``other`` counts where it has one."""
        vips = dict(self.vips)
        for vip, methods in other.vips.items():
            vips[vip] = vips.get(vip, 0) | methods
        return Tables(vips, self.reals | other.reals, other.gue_port or self.gue_port)


@dataclass(frozen=True, slots=True)
class Counts:
    """Packets since the program was attached."""

    ipip: int
    gue: int
    congested: int
    failed: int


def _packed(address: IPAddress) -> bytes:
    return _MAPPED + address.packed if address.version == 4 else address.packed


def _address(key: bytes) -> IPAddress:
    return IPv4Address(key[12:]) if key.startswith(_MAPPED) else IPv6Address(key)


def _name_of_map(fd: int) -> str:
    info = ctypes.create_string_buffer(80)  # struct bpf_map_info: name at 24
    bpf.call(bpf.OBJ_INFO_BY_FD, struct.pack("<IIQ", fd, 80, ctypes.addressof(info)))
    return info.raw[24:40].split(b"\0")[0].decode()


class Decapsulation:
    """One loaded program with its maps. Closing it leaves the program where it is attached."""

    def __init__(self, program_fd: int, maps: Mapping[str, int]) -> None:
        self.program_fd = program_fd
        self._maps = dict(maps)

    @classmethod
    def load(cls, tables: Tables, artifact: Artifact | None = None) -> Decapsulation:
        """Compile (or take from the cache) and load the program. Raises CompileError, LoadError."""
        artifact = artifact or build(part(PART))
        maps: dict[str, int] = {}
        try:
            for layout in artifact.maps.values():
                maps[layout.name] = _create(layout)
            program = artifact.programs[PROGRAM]
            fd = _load(program, maps)
        except LoadError:
            _close(maps.values())
            raise
        decapsulation = cls(fd, maps)
        decapsulation.write(tables)
        return decapsulation

    @classmethod
    def of(cls, number: int | None) -> Decapsulation | None:
        """The attached program of this id, or None when it is not a decapsulation of this version.

        Raises KernelError when the kernel does not let us look.
        """
        if number is None:
            return None
        try:
            fd = bpf.prog_fd_by_id(number)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise KernelError(
                f"cannot look at BPF program {number}: {error.strerror}", hint="run as root"
            ) from error
        maps = _maps_of(fd) if bpf.prog_info(fd).name == PROGRAM else {}
        found = cls(fd, maps)
        if maps.keys() == _SIZES.keys() and found._setting()[0] == _VERSION:
            return found
        found.close()
        return None

    def _setting(self) -> tuple[int, int]:
        """(version, GUE port)."""
        raw = bpf.map_lookup(self._maps[_SETTINGS], bytes(4), 8) or bytes(8)
        version, port = struct.unpack("=II", raw)
        return version, port

    def _entries(self, name: str) -> dict[IPAddress, int]:
        fd = self._maps[name]
        found = {}
        for key in bpf.map_keys(fd, 16):
            value = bpf.map_lookup(fd, key, 4)
            if value is not None:
                found[_address(key)] = int.from_bytes(value, "little")
        return found

    def read(self) -> Tables:
        """What the program goes by now."""
        reals = frozenset(self._entries(_REALS))
        return Tables(self._entries(_VIPS), reals, self._setting()[1])

    def write(self, tables: Tables) -> None:
        """Have the program go by ``tables``; what stays is never missing meanwhile.

        Raises KernelError.
        """
        settings = struct.pack("=II", _VERSION, tables.gue_port)
        try:
            bpf.map_update(self._maps[_SETTINGS], bytes(4), settings)
            self._replace(_REALS, dict.fromkeys(tables.reals, 1))
            self._replace(_VIPS, tables.vips)
        except OSError as error:
            raise KernelError(f"cannot write the tables of {PROGRAM}: {error.strerror}") from error

    def _replace(self, name: str, wanted: Mapping[IPAddress, int]) -> None:
        fd, present = self._maps[name], self._entries(name)
        for address, value in wanted.items():
            if present.get(address) != value:
                bpf.map_update(fd, _packed(address), value.to_bytes(4, "little"))
        for address in present.keys() - wanted.keys():
            bpf.map_delete(fd, _packed(address))

    def counts(self) -> Counts:
        """What became of encapsulated packets to a VIP so far."""
        rows = (
            bpf.map_lookup(self._maps[_COUNTS], struct.pack("=I", n), 8 * possible_cpus()) or b""
            for n in range(4)
        )
        return Counts(*(sum(struct.unpack(f"={len(row) // 8}Q", row)) for row in rows))

    def close(self) -> None:
        """Close the descriptors."""
        _close((self.program_fd, *self._maps.values()))
        self._maps.clear()


def _close(descriptors: Iterable[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def _maps_of(program_fd: int) -> dict[str, int]:
    """The maps of a program by name, those that have the sizes we know."""
    found: dict[str, int] = {}
    for number in bpf.prog_map_ids(program_fd):
        with suppress(FileNotFoundError):
            fd = bpf.call(bpf.MAP_GET_FD_BY_ID, struct.pack("<III", number, 0, 0))[0]
            info, name = bpf.map_info(fd), _name_of_map(fd)
            if _SIZES.get(name) == (info.key_size, info.value_size):
                found[name] = fd
            else:
                os.close(fd)
    return found


def _create(layout: MapLayout) -> int:
    try:
        return bpf.map_create(
            layout.kind,
            layout.key_size,
            layout.value_size,
            layout.max_entries,
            layout.flags,
            layout.name,
        )
    except OSError as error:
        raise LoadError(
            f"cannot create map {layout.name}: {error.strerror}",
            hint="run as root (CAP_BPF, CAP_NET_ADMIN)",
        ) from error


def _load(program: Program, maps: Mapping[str, int]) -> int:
    code = bytearray(program.code)
    for instruction, name in program.maps:
        offset = instruction * 8
        code[offset + 1] = code[offset + 1] & 0x0F | _PSEUDO_MAP_FD
        struct.pack_into("<i", code, offset + 4, maps[name])
    try:
        return bpf.prog_load_xdp(bytes(code), PROGRAM)
    except bpf.VerifierError as error:
        words = error.log[-_LOG_TAIL:].strip()
        raise LoadError(f"the kernel refused {PROGRAM}: {error.strerror}\n{words}") from error
    except OSError as error:
        raise LoadError(
            f"the kernel refused {PROGRAM}: {error.strerror}",
            hint="run as root (CAP_BPF, CAP_NET_ADMIN)",
        ) from error
