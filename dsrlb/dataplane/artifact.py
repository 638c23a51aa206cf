# SPDX-License-Identifier: Apache-2.0
"""Compiled bytecode with the layout of its maps: built by a child process, cached on disk.

The cache key covers everything the bytecode depends on: the flattened source, the flags, the
headers and bcc's version. A cached artifact is loaded in milliseconds and needs neither bcc's
compiler nor kernel headers.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from dsrlb import paths
from dsrlb.dataplane import headers
from dsrlb.dataplane.flatten import flatten, from_disk
from dsrlb.dataplane.sources import COMPILER, Sources
from dsrlb.errors import CompileError

_FORMAT = 2
_FLAGS = ("-g0", "-Werror=implicit-function-declaration")
"""bcc has debugging information (BTF) made, which nobody reads here; and a call of what is declared
nowhere would be a jump to nowhere."""
_ONCE = ("-Xclang", "-disable-llvm-passes")
"""bcc runs LLVM's passes itself when clang has run its own. With those alone programs are as fast,
and compiled in half the time."""
_TWICE = frozenset({"scan", "mover"})
"""Of these the verifier walks less when all passes were run twice: 6 and 30 %."""
_COMPILE_SECONDS = 120
_BODY = re.MULTILINE | re.DOTALL
FIRST = "dsrlb"
_REASON = re.compile(r'\bREASON\((\w+), "([a-z-]+)", (\w+),\s+"([^"]+)"\)')
_FLOW_EVENT = re.compile(r'\bFLOW_EVENT\((\w+), "([a-z-]+)",\s+"([^"]+)"\)')
_DEFINE = re.compile(r"^#define (\w+) (0x[0-9a-f]+|\d+)(?:u|ull)?\b", re.MULTILINE)
_ENUM = re.compile(r"^enum (\w+) \{([^{}()]*)\};", re.MULTILINE)
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


@dataclass(frozen=True, slots=True)
class MapLayout:
    """A map as the C sources declare it; key and value are bcc's JSON descriptions."""

    name: str
    kind: int
    key_size: int
    value_size: int
    max_entries: int
    flags: int
    key: Any
    value: Any


@dataclass(frozen=True, slots=True)
class Program:
    """Bytecode, and which instruction refers to which map."""

    name: str
    code: bytes
    maps: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """A line of REASONS in abi_reasons.h; its place in the tuple is its number."""

    name: str
    action: str  # "pass" | "drop" | "answer" | "forward"
    description: str


@dataclass(frozen=True, slots=True)
class FlowEvent:
    """A line of FLOW_EVENTS in abi.h; its place in the tuple is its number."""

    name: str
    description: str


@dataclass(frozen=True, slots=True)
class Artifact:
    """Everything that is needed to create the maps and load the programs.

    ``enums``: the C enumerations, by name, each with its members in order.
    """

    programs: Mapping[str, Program]
    maps: Mapping[str, MapLayout]
    reasons: tuple[Reason, ...]
    flow_events: tuple[FlowEvent, ...]
    enums: Mapping[str, Mapping[str, int]]
    constants: Mapping[str, int]
    stages: Mapping[str, int]  # parts that are gone on to, and their places in stages[]
    headers: str
    cached: bool


def _bcc_version() -> str:
    """The version of bcc without importing it (that would load LLVM): what was compiled
    before is found where there is no bcc any more."""
    from importlib import metadata

    try:
        return metadata.version("bcc")
    except metadata.PackageNotFoundError:
        return "unknown"


def _joined(text: str) -> str:
    """Without backslashes and line breaks between the arguments of a macro."""
    return re.sub(r"\\\n\s*", " ", text)


def parse_reasons(text: str) -> tuple[Reason, ...]:
    """Read the REASON lines of abi_reasons.h."""
    return tuple(
        Reason(name, action.lower(), description)
        for _, name, action, description in _REASON.findall(_joined(text))
    )


def parse_flow_events(text: str) -> tuple[FlowEvent, ...]:
    """Read the FLOW_EVENT lines of abi.h."""
    found = _FLOW_EVENT.findall(_joined(text))
    return tuple(FlowEvent(name, description) for _, name, description in found)


def parse_constants(text: str) -> dict[str, int]:
    """Read the plain numbers (decimal or 0x...) that the C text defines."""
    return {name: int(value, 0) for name, value in _DEFINE.findall(text)}


def parse_enums(text: str) -> dict[str, dict[str, int]]:
    """Read the enumerations of the C text, but for those that macros make."""
    found = {}
    for name, body in _ENUM.findall(_COMMENT.sub("", text)):
        members: dict[str, int] = {}
        number = 0
        for item in filter(None, map(str.strip, body.split(","))):
            member, _, value = item.partition("=")
            number = int(value, 0) if value else number
            members[member.strip()] = number
            number += 1
        found[name] = members
    return found


def _facts(text: str) -> dict[str, Any]:
    """What else than bytecode an Artifact has. Kept in the cache, too: to find it in the text takes
    20 ms, and every start would."""
    return {
        "reasons": [astuple(reason) for reason in parse_reasons(text)],
        "flow_events": [astuple(event) for event in parse_flow_events(text)],
        "enums": parse_enums(text),
        "constants": parse_constants(text),
        "stages": stages_of(text),
    }


def _parse(data: Mapping[str, Any], cached: bool) -> Artifact:
    programs = {
        name: Program(
            name,
            base64.b64decode(program["code"]),
            tuple((int(at), str(to)) for at, to in program["maps"]),
        )
        for name, program in data["programs"].items()
    }
    maps = {name: MapLayout(name=name, **layout) for name, layout in data["maps"].items()}
    return Artifact(
        programs=programs,
        maps=maps,
        reasons=tuple(Reason(*reason) for reason in data["reasons"]),
        flow_events=tuple(FlowEvent(*event) for event in data["flow_events"]),
        enums=data["enums"],
        constants=data["constants"],
        stages=data["stages"],
        headers=data["headers"],
        cached=cached,
    )


def _compile(source: _Source) -> dict[str, Any]:
    import subprocess
    import tempfile

    with tempfile.TemporaryDirectory(prefix="dsrlb-headers-") as folder:
        shim = Path(folder) / "kernel"
        flags = source.flags + headers.write_shim(source.headers, shim)
        request = {"text": source.text, "cflags": flags, "kernel_source": str(shim)}
        try:
            child = subprocess.run(
                [sys.executable, "-m", "dsrlb.dataplane.compile"],
                input=json.dumps(request),
                capture_output=True,
                text=True,
                timeout=_COMPILE_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise CompileError(f"the compiler did not end within {_COMPILE_SECONDS} s") from error
    if child.returncode:
        if "No module named 'bcc'" in child.stderr:
            raise CompileError(
                f"{sys.executable} cannot import bcc",
                hint="apt-get install python3-bpfcc, and use a venv made from /usr/bin/python3 "
                "with --system-site-packages",
            )
        raise CompileError(
            f"the fast path did not compile (headers: {source.headers}; exit {child.returncode}):\n"
            f"{child.stderr.strip()}",
            hint=f"other headers can be named by {headers.EXPLICIT}",
        )
    answer: dict[str, Any] = json.loads(child.stdout)
    answer["headers"] = str(source.headers)
    return {"format": _FORMAT, **answer, **_facts(source.text)}


def _store(path: Path, data: Mapping[str, Any]) -> None:
    import tempfile

    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
        json.dump(data, file)
    os.replace(file.name, path)


def _load_cached(path: Path) -> dict[str, Any] | None:
    try:
        data: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError, RecursionError):
        return None  # absent, unreadable or cut short: compile again
    return data if isinstance(data, dict) and data.get("format") == _FORMAT else None


def stages_of(text: str) -> dict[str, int]:
    """The parts that are gone on to by a tail call, and their places in stages[] (enum stage):
    STAGE_UNKNOWN is unknown.c with the program dsrlb_unknown."""
    members = parse_enums(text).get("stage", {})
    named = {name.removeprefix("STAGE_").lower(): at for name, at in members.items()}
    return {name: at for name, at in named.items() if name != "count"}


def part(name: str) -> Path:
    """The C file of a part of the fast path: its program is dsrlb_NAME, the first one's dsrlb. All
    parts declare the same maps."""
    return paths.ebpf_sources() / f"{name}.c"


@dataclass(frozen=True, slots=True)
class _Source:
    """What is to be compiled, and where the result is kept."""

    text: str
    flags: list[str]
    headers: headers.HeaderSource
    path: Path

    @classmethod
    def of(
        cls,
        main: Path | None = None,
        cflags: list[str] | None = None,
        cache: Path | None = None,
        instead: Mapping[str, str] | None = None,
        sources: Sources | None = None,
    ) -> _Source:
        """Arguments as build() has them."""
        main = main or part(FIRST)
        once = () if main.stem in _TWICE else _ONCE
        flags = [*_FLAGS, *once, *(cflags or [])]
        text = flatten(main, instead, sources.read if sources else from_disk)
        source = headers.discover()
        identity = json.dumps([_FORMAT, text, flags, str(source), _bcc_version()])
        key = hashlib.sha256(identity.encode()).hexdigest()[:24]
        folder = cache or paths.bytecode_cache()
        return cls(text, flags, source, folder / f"{main.stem}-{key}.json")


def build(
    main: Path | None = None,
    cflags: list[str] | None = None,
    cache: Path | None = None,
    instead: Mapping[str, str] | None = None,
    sources: Sources | None = None,
) -> Artifact:
    """Return the artifact of the C file ``main`` (default: the fast path's first part), cached or
    compiled.

    ``instead``: texts that take the place of files which it includes, by their names. ``sources``:
    what all files have to be. Raises CompileError with the compiler's words, or when there are no
    headers or no bcc, and SourcesChanged.
    """
    source = _Source.of(main, cflags, cache, instead, sources)
    data = _load_cached(source.path)
    if data is not None:
        return _parse(data, cached=True)
    if sources is not None:
        sources.read(COMPILER)
    data = _compile(source)
    try:
        _store(source.path, data)
    except OSError as error:
        raise CompileError(
            f"cannot write the bytecode cache {source.path}: {error.strerror}",
            hint="name a writable folder by DSRLB_CACHE_DIR",
        ) from error
    return _parse(data, cached=False)
