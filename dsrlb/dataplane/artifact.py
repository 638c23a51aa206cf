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
import subprocess
import sys
import tempfile
from collections.abc import Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from dsrlb import paths
from dsrlb.dataplane import headers
from dsrlb.dataplane.flatten import flatten
from dsrlb.errors import CompileError

_FORMAT = 1
_COMPILE_SECONDS = 120
_BODY = re.MULTILINE | re.DOTALL
PROGRAM = re.compile(r"^int (\w+)\(struct xdp_md \*\w+\)", re.MULTILINE)
"""The functions with external linkage are the programs."""
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
    """A line of REASONS in abi.h; its place in the tuple is its number."""

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
    stages: Mapping[str, int]  # programs by tail call, and their places in stages[]
    headers: str
    cached: bool


def _bcc_version() -> str:
    """The version of bcc without importing it (that would load LLVM)."""
    try:
        return metadata.version("bcc")
    except metadata.PackageNotFoundError:
        return "unknown"


def _joined(text: str) -> str:
    """Without backslashes and line breaks between the arguments of a macro."""
    return re.sub(r"\\\n\s*", " ", text)


def parse_reasons(text: str) -> tuple[Reason, ...]:
    """Read the REASON lines of abi.h."""
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


def _parse(data: Mapping[str, Any], text: str, cached: bool) -> Artifact:
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
        reasons=parse_reasons(text),
        flow_events=parse_flow_events(text),
        enums=parse_enums(text),
        constants=parse_constants(text),
        stages=stages_of(text),
        headers=data["headers"],
        cached=cached,
    )


def _compile(text: str, cflags: list[str], source: headers.HeaderSource) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="dsrlb-headers-") as folder:
        shim = Path(folder) / "kernel"
        headers.write_shim(source, shim)
        request = {"text": text, "cflags": cflags, "kernel_source": str(shim)}
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
            f"the fast path did not compile (headers: {source}; exit {child.returncode}):\n"
            f"{child.stderr.strip()}",
            hint=f"other headers can be named by {headers.EXPLICIT}",
        )
    answer: dict[str, Any] = json.loads(child.stdout)
    answer["headers"] = str(source)
    return answer


def _store(path: Path, data: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
        json.dump(data, file)
    os.replace(file.name, path)


def _load_cached(path: Path) -> dict[str, Any] | None:
    try:
        data: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError):
        return None  # absent, unreadable or cut short: compile again
    return data if data.get("format") == _FORMAT else None


def _without(text: str, programs: Collection[str]) -> str:
    """The C text without the bodies of these programs; every other line keeps its number."""
    for name in programs:
        body = re.search(rf"^int {name}\(struct xdp_md \*\w+\)\n\{{.*?^\}}$", text, _BODY)
        if body is None:
            raise CompileError(f"there is no program {name}")
        text = text[: body.start()] + "\n" * body[0].count("\n") + text[body.end() :]
    return text


def stages_of(text: str) -> dict[str, int]:
    """The programs that others go on to by a tail call, and their places in stages[] (enum stage):
    STAGE_UNKNOWN is dsrlb_unknown."""
    members = parse_enums(text).get("stage", {})
    named = {f"dsrlb_{name.removeprefix('STAGE_').lower()}": at for name, at in members.items()}
    return {name: at for name, at in named.items() if f"int {name}(" in text}


def build_parts(cache: Path | None = None) -> tuple[Future[Artifact], Future[Artifact]]:
    """Build the fast path in two parts at the same time: the first program, then its stages. Each
    half of the compiler's work takes about a second, and the first program can be attached before
    the second half is there. The artifacts differ in their programs only."""
    text = flatten(paths.ebpf_sources() / "dsrlb.c")
    stages = stages_of(text)
    others = [name for name in PROGRAM.findall(text) if name not in stages]
    pool = ThreadPoolExecutor(2)
    first, rest = (
        pool.submit(build, cache=cache, leave_out=names) for names in (tuple(stages), tuple(others))
    )
    pool.shutdown(wait=False)
    return first, rest


def build(
    main: Path | None = None,
    cflags: list[str] | None = None,
    cache: Path | None = None,
    leave_out: Collection[str] = (),
) -> Artifact:
    """Return the artifact of the C file ``main`` (default: the fast path), cached or compiled.

    ``leave_out``: programs that it need not have. Raises CompileError with the compiler's words, or
    when there are no headers or no bcc.
    """
    main = main or paths.ebpf_sources() / "dsrlb.c"
    flags = list(cflags or [])
    text = _without(flatten(main), leave_out)
    source = headers.discover()
    identity = json.dumps([_FORMAT, text, flags, str(source), _bcc_version()])
    key = hashlib.sha256(identity.encode()).hexdigest()[:24]
    path = (cache or paths.bytecode_cache()) / f"{main.stem}-{key}.json"
    data = _load_cached(path)
    if data is not None:
        return _parse(data, text, cached=True)
    data = _compile(text, flags, source)
    data["format"] = _FORMAT
    try:
        _store(path, data)
    except OSError as error:
        raise CompileError(
            f"cannot write the bytecode cache {path}: {error.strerror}",
            hint="name a writable folder by DSRLB_CACHE_DIR",
        ) from error
    return _parse(data, text, cached=False)
