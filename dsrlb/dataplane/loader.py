# SPDX-License-Identifier: Apache-2.0
"""Load the fast path against its maps."""

from __future__ import annotations

import os
import struct
from pathlib import Path

from dsrlb.dataplane import bpf
from dsrlb.dataplane.artifact import Artifact, Program, build
from dsrlb.dataplane.maps import MapSet
from dsrlb.errors import LoadError

PROGRAM = "dsrlb"
_PSEUDO_MAP_FD = 1 << 4
_LOG_TAIL = 4000


def _link(program: Program, maps: MapSet) -> bytes:
    """Put the descriptors of the maps into the bytecode (ld_imm64 with BPF_PSEUDO_MAP_FD)."""
    code = bytearray(program.code)
    for instruction, name in program.maps:
        offset = instruction * 8
        code[offset + 1] = code[offset + 1] & 0x0F | _PSEUDO_MAP_FD
        struct.pack_into("<i", code, offset + 4, maps.fd(name))
    return bytes(code)


class Dataplane:
    """The maps and the loaded program of one instance."""

    def __init__(self, artifact: Artifact, maps: MapSet, program_fd: int) -> None:
        self.artifact = artifact
        self.maps = maps
        self.program_fd = program_fd

    @classmethod
    def create(
        cls,
        folder: Path | None = None,
        capacity: int = 1_000_000,
        artifact: Artifact | None = None,
    ) -> Dataplane:
        """Compile (or take from the cache), open or create the maps, load the program.

        ``folder``: where the maps are, or will be, pinned (maps.pin()); None keeps them private.
        Raises CompileError, AbiMismatch, LoadError (with the verifier's words) or KernelError.
        """
        artifact = artifact or build()
        maps = MapSet(artifact, folder, capacity)
        try:
            fd = load_program(artifact.programs[PROGRAM], maps)
        except LoadError:
            maps.close()
            raise
        return cls(artifact, maps, fd)

    @property
    def program(self) -> bpf.ProgInfo:
        """What the kernel says of the loaded program."""
        return bpf.prog_info(self.program_fd)

    def test_run(self, frame: bytes, ifindex: int) -> bpf.TestRun:
        """Run one frame through the program as if it came in on ``ifindex``."""
        return bpf.prog_test_run(self.program_fd, frame, ifindex)

    def close(self) -> None:
        """Close all descriptors; what is pinned or attached stays."""
        os.close(self.program_fd)
        self.maps.close()


def load_program(program: Program, maps: MapSet) -> int:
    """Load one program; returns its file descriptor, or raises LoadError."""
    try:
        return bpf.prog_load_xdp(_link(program, maps), program.name)
    except bpf.VerifierError as error:
        raise LoadError(
            f"the kernel refused program {program.name}: {error.strerror}\n"
            f"{error.log[-_LOG_TAIL:].strip()}"
        ) from error
    except OSError as error:
        raise LoadError(
            f"the kernel refused program {program.name}: {error.strerror}",
            hint="run as root (CAP_BPF, CAP_NET_ADMIN)",
        ) from error
