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
from dsrlb.dataplane.artifact import FIRST, Artifact, Program, build, part
from dsrlb.dataplane.flatten import flatten
from dsrlb.dataplane.kept import Kept
from dsrlb.dataplane.linking import Maps, link
from dsrlb.dataplane.loading import Loading
from dsrlb.dataplane.maps import MapSet
from dsrlb.dataplane.sources import Sources
from dsrlb.errors import CompileError, KernelError, LoadError

if TYPE_CHECKING:
    from dsrlb.dataplane.moving import Moving
    from dsrlb.dataplane.reaper import Reaper

_STAGES = "stages"
_GENERAL = "general"
"""The stage for all that the first program leaves alone."""
_RETURNING = "allocate"
"""This stage and those behind it in enum stage (abi.h) are for modes in which replies come back."""
_PROBED, _PROBE = "probed", "probe"
"""The stage, and the program that is no stage, for probes."""
_LOG_TAIL = 4000


class Dataplane:
    """The maps and the loaded programs of one instance."""

    def __init__(
        self,
        artifact: Artifact,
        maps: MapSet,
        program_fd: int,
        general_fd: int,
        kept: Kept,
        sources: Sources,
    ) -> None:
        self.artifact = artifact
        self.maps = maps
        self.program_fd = program_fd
        """The program that belongs on interfaces."""
        self.moving: Moving | None = None
        """While flows move into tables of another size: how. The program is another one then."""
        self._reaper: Reaper | None = None
        self._reaper_lock = Lock()
        self._loaded: set[str] = {_GENERAL}
        self._general_fd: int | None = general_fd
        self._kept = kept
        self._sources = sources
        self._loading = Loading(self._load)
        self.probe_fd: int | None = None
        """The program for the veth pair of probes, once it is loaded."""

    @classmethod
    def create(
        cls,
        folder: Path | None = None,
        capacity: int = 1_000_000,
        artifact: Artifact | None = None,
        *,
        wait: bool = True,
        record: Path | None = None,
    ) -> Dataplane:
        """Compile (or take from the cache), open or create the maps, load the program.

        ``folder``: where the maps are, or will be, pinned (maps.pin()); None keeps them private.
        ``capacity``: flows per family; where there are tables for another number, their flows have
        to move (``moving``). Without ``wait`` the program may be attached before its stages are
        loaded, see begin() and complete(). ``record``: the file that says which programs an earlier
        daemon has put in place; those that are the same are not loaded again. Raises CompileError,
        AbiMismatch, LoadError (with the verifier's words) or KernelError.
        """
        sources = Sources()
        if artifact is None:
            with ThreadPoolExecutor(1) as pool:  # the compiler works in processes of its own
                pool.submit(build, part(_GENERAL))  # taken from the cache, and judged, below
                artifact = build()
        maps = MapSet(artifact, folder, capacity, resize=True)
        kept = Kept(maps, record)
        try:
            fd, general = _load_first(artifact, maps, kept, sources)
        except (LoadError, CompileError):
            maps.close()
            raise
        dataplane = cls(artifact, maps, fd, general, kept, sources)
        if maps.moving:
            try:
                dataplane._begin_to_move()
            except (LoadError, CompileError, KernelError):
                dataplane.close()
                raise
        if wait:
            dataplane.complete()
        return dataplane

    def begin(self) -> None:
        """Begin, in a thread, to load the stages that every configuration needs: complete() will
        find them loaded, or wait for them."""
        self._loading.begin(self._wanted(replies=False, probes=False))

    def _begin_to_move(self) -> None:
        """Have the program in front that moves flows; the first one is gone on to."""
        from dsrlb.dataplane.moving import Moving

        self.moving = Moving(self.artifact, self.maps, self.program_fd)
        self.program_fd = self.moving.front_fd

    def moved(self) -> None:
        """All flows have moved: the first program is the one that belongs on interfaces. The caller
        sees to that, then calls maps.drained()."""
        assert self.moving is not None
        self.program_fd = self.moving.close()
        self.moving = None

    def prepare(self) -> None:
        """Put in place what the first program cannot be without; before it is attached."""
        general, self._general_fd = self._general_fd, None
        if general is not None:
            put_stage(self.maps, self.artifact.stages[_GENERAL], general)

    def complete(self, *, replies: bool = True, probes: bool = True) -> None:
        """Load the stages, once, and put them in place of what was there: without them packets that
        have no flow are dropped. ``replies``: also those that are for modes in which replies come
        back; ``probes``: also what is for probes. Raises CompileError or LoadError."""
        self.prepare()
        missing = self._missing(replies=replies, probes=probes)
        for name, fd in self._loading.finish(missing).items():
            if name == _PROBE:
                self.probe_fd = fd
            else:
                put_stage(self.maps, self.artifact.stages[name], fd)
        self._loaded.update(missing)
        self._kept.save()

    def check(self, *, replies: bool, probes: bool) -> None:
        """Would complete() find what it has to load as it was when the first program was loaded?
        Nothing is compiled. Raises SourcesChanged."""
        for name in self._missing(replies=replies, probes=probes):
            flatten(part(name), read=self._sources.read)

    def _missing(self, *, replies: bool, probes: bool) -> list[str]:
        wanted = self._wanted(replies=replies, probes=probes)
        return [name for name in wanted if name not in self._loaded]

    def _wanted(self, *, replies: bool, probes: bool) -> list[str]:
        stages = self.artifact.stages
        first = stages[_RETURNING]
        wanted = [name for name, at in stages.items() if replies or at < first]
        wanted.remove(_PROBED)
        wanted.remove(_GENERAL)
        return wanted + ([_PROBED, _PROBE] if probes else [])

    def _load(self, name: str) -> int:
        return _load_stage(self.artifact, self.maps, self._kept, self._sources, name)

    def reaper(self) -> Reaper:
        """What changes the flow tables. It is compiled when it is first asked for, by the sources
        that all else is of; it loads itself. Raises CompileError."""
        from dsrlb.dataplane.reaper import Reaper, load

        with self._reaper_lock:
            if self._reaper is None:
                program = _program(self.artifact, self._sources, "reaper")
                self._reaper = Reaper(lambda: load(program, self.maps), self.artifact)
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
        self._loading.close()
        if self._general_fd is not None:
            os.close(self._general_fd)
        if self._reaper is not None:
            self._reaper.close()
        if self.probe_fd is not None:
            os.close(self.probe_fd)
        os.close(self.program_fd if self.moving is None else self.moving.close())
        self.maps.close()


def _program(artifact: Artifact, sources: Sources, name: str) -> Program:
    """The program of a part of the fast path. Raises CompileError."""
    program = f"{FIRST}_{name}"
    found = artifact.programs.get(program)
    return found or build(part(name), sources=sources).programs[program]


def _load_stage(artifact: Artifact, maps: MapSet, kept: Kept, sources: Sources, name: str) -> int:
    """The program of a stage, or of probes. Raises CompileError or LoadError."""
    program = _program(artifact, sources, name)
    if name not in artifact.stages:
        return load_program(program, maps)
    running = kept.running(artifact.stages[name], program)
    fd = load_program(program, maps) if running is None else running
    kept.note(program, fd)
    return fd


def _load_first(artifact: Artifact, maps: MapSet, kept: Kept, sources: Sources) -> tuple[int, int]:
    """The program that is attached, and the one that it cannot be without. Raises CompileError or
    LoadError."""
    with ThreadPoolExecutor() as pool:  # compiling and verifying, on all CPUs
        first = pool.submit(load_program, artifact.programs[FIRST], maps)
        try:
            general = _load_stage(artifact, maps, kept, sources, _GENERAL)
        except (LoadError, CompileError):
            if first.exception() is None:
                os.close(first.result())
            raise
    if first.exception() is not None:
        os.close(general)
    return first.result(), general


def put_stage(maps: MapSet, place: int, fd: int) -> None:
    """Have a loaded program found by tail calls. stages[] keeps it; the descriptor is closed."""
    try:
        bpf.map_update(maps.fd(_STAGES), struct.pack("=I", place), struct.pack("=I", fd))
    except OSError as error:
        raise LoadError(f"cannot put a program into {_STAGES}: {error.strerror}") from error
    finally:
        os.close(fd)


def load_program(program: Program, maps: Maps) -> int:
    """Load one program; returns its file descriptor, or raises LoadError."""
    try:
        return bpf.prog_load_xdp(link(program, maps), program.name)
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
