# SPDX-License-Identifier: Apache-2.0
"""Load the fast path against its maps."""

from __future__ import annotations

import os
import struct
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from dsrlb.dataplane import bpf
from dsrlb.dataplane.artifact import Artifact, Program, build
from dsrlb.dataplane.maps import MapSet
from dsrlb.errors import LoadError

if TYPE_CHECKING:
    from dsrlb.dataplane.reaper import Reaper

PROGRAM = "dsrlb"
_REAPER = "dsrlb_reaper"
_STAGE = "STAGE_"
_STAGES = "stages"
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


def _stages(artifact: Artifact) -> dict[str, int]:
    """The programs that are gone on to by a tail call, and their places in stages[] (enum stage):
    STAGE_UNKNOWN is dsrlb_unknown."""
    members = artifact.enums.get("stage", {})
    named = {f"{PROGRAM}_{name.removeprefix(_STAGE).lower()}": at for name, at in members.items()}
    return {name: at for name, at in named.items() if name in artifact.programs}


class Dataplane:
    """The maps and the loaded programs of one instance."""

    def __init__(self, artifact: Artifact, maps: MapSet, program_fd: int) -> None:
        self.artifact = artifact
        self.maps = maps
        self.program_fd = program_fd
        self._reaper: Reaper | None = None
        self._reaper_lock = Lock()

    @classmethod
    def create(
        cls,
        folder: Path | None = None,
        capacity: int = 1_000_000,
        artifact: Artifact | None = None,
    ) -> Dataplane:
        """Compile (or take from the cache), open or create the maps, load the program.

        ``folder``: where the maps are, or will be, pinned (maps.pin()); None keeps them private.
        ``capacity``: flows per family, for tables that are made anew. Raises CompileError,
        AbiMismatch, LoadError (with the verifier's words) or KernelError.
        """
        artifact = artifact or build()
        maps = MapSet(artifact, folder, capacity)
        try:
            fd = load_all(artifact, maps)
        except LoadError:
            maps.close()
            raise
        return cls(artifact, maps, fd)

    def reaper(self) -> Reaper:
        """What changes the flow tables; loaded when it is first asked for. Raises LoadError."""
        from dsrlb.dataplane.reaper import Reaper

        with self._reaper_lock:
            if self._reaper is None:
                fd = load_program(self.artifact.programs[_REAPER], self.maps)
                self._reaper = Reaper(fd, self.artifact)
            return self._reaper

    @property
    def program(self) -> bpf.ProgInfo:
        """What the kernel says of the loaded program."""
        return bpf.prog_info(self.program_fd)

    def test_run(self, frame: bytes, ifindex: int) -> bpf.TestRun:
        """Run one frame through the program as if it came in on ``ifindex``."""
        return bpf.prog_test_run(self.program_fd, frame, ifindex)

    def close(self) -> None:
        """Close all descriptors; what is pinned or attached stays."""
        if self._reaper is not None:
            self._reaper.close()
        os.close(self.program_fd)
        self.maps.close()


def load_all(artifact: Artifact, maps: MapSet) -> int:
    """Load the program and its stages; returns the program's descriptor. stages[] keeps the rest.

    All at the same time: verifying them is what a start takes longest for.
    """
    with ThreadPoolExecutor() as pool:
        stages = [
            (place, pool.submit(load_program, artifact.programs[name], maps))
            for name, place in _stages(artifact).items()
        ]
        fd = load_program(artifact.programs[PROGRAM], maps)
        try:
            for place, stage in stages:
                _put_stage(maps, place, stage.result())
        except LoadError:
            os.close(fd)
            raise
    return fd


def _put_stage(maps: MapSet, place: int, fd: int) -> None:
    """Have the program found in stages[]; the descriptor is not needed then."""
    try:
        bpf.map_update(maps.fd(_STAGES), struct.pack("=I", place), struct.pack("=I", fd))
    except OSError as error:
        raise LoadError(f"cannot put a program into {_STAGES}: {error.strerror}") from error
    finally:
        os.close(fd)


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
