# SPDX-License-Identifier: Apache-2.0
"""Find kernel headers to compile with, and dress them for bcc.

XDP needs UAPI headers only, and those barely change between kernels, so any set will do. All sets
are offered to bcc through a shim: a folder with the few files that bcc's own helpers include, and
links to the folders of the UAPI headers found. It is named by ``BCC_KERNEL_SOURCE``, compiles in
0.15 s where the full kernel headers take 1.5 s, and works with Debian's split header packages,
which ``BCC_KERNEL_SOURCE`` itself does not.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dsrlb.errors import CompileError

EXPLICIT = "DSRLB_KERNEL_HEADERS"
_ARCH = {"x86_64": "x86", "aarch64": "arm64"}.get(platform.machine(), platform.machine())

# What bcc/helpers.h expects of the kernel's own headers and a program here needs.
_KCONFIG = """\
#define CONFIG_BPF_SYSCALL 1
#define __user
#define __force
#define __attribute_const__ __attribute__((__const__))
#include <uapi/linux/types.h>
typedef __u8 u8; typedef __u16 u16; typedef __u32 u32; typedef __u64 u64;
typedef __s8 s8; typedef __s16 s16; typedef __s32 s32; typedef __s64 s64;
typedef _Bool bool;
enum { false, true };
typedef unsigned long size_t;
typedef unsigned long uintptr_t;
#ifndef NULL
#define NULL ((void *)0)
#endif
"""
_EMPTY = (
    "include/linux/log2.h",
    "include/linux/compiler.h",
    "include/linux/compiler_types.h",
)


@dataclass(frozen=True, slots=True)
class HeaderSource:
    """A set of UAPI headers: how it was found, where, and its folders for linux/ and asm/."""

    kind: str  # "explicit" | "running kernel" | "linux-headers" | "linux-libc-dev"
    path: Path
    linux: tuple[Path, ...]
    asm: tuple[Path, ...]
    generic: Path

    def __str__(self) -> str:
        return f"{self.kind}: {self.path}"


def _tree(kind: str, *roots: Path) -> HeaderSource | None:
    """Headers in a kernel build or source tree (several roots: Debian's split packages)."""
    linux = [root / "include/uapi/linux" for root in roots]
    linux += [root / "include/generated/uapi/linux" for root in roots]
    asm = [root / f"arch/{_ARCH}/include/uapi/asm" for root in roots]
    asm += [root / f"arch/{_ARCH}/include/generated/uapi/asm" for root in roots]
    generic = [root / "include/uapi/asm-generic" for root in roots]
    return _source(kind, roots[0], linux, asm, generic)


def _installed(kind: str, root: Path) -> HeaderSource | None:
    """Headers as linux-libc-dev or `make headers_install` lay them out."""
    multiarch = root / f"{platform.machine()}-linux-gnu/asm"
    return _source(kind, root, [root / "linux"], [multiarch, root / "asm"], [root / "asm-generic"])


def _source(
    kind: str, path: Path, linux: list[Path], asm: list[Path], generic: list[Path]
) -> HeaderSource | None:
    linux, asm, generic = (
        [folder for folder in folders if folder.is_dir()] for folders in (linux, asm, generic)
    )
    complete = any((folder / "bpf.h").is_file() for folder in linux) and any(
        (folder / "types.h").is_file() for folder in asm
    )
    if not complete or not generic:
        return None
    return HeaderSource(kind, path, tuple(linux), tuple(asm), generic[0])


def _split_roots(root: Path) -> tuple[Path, ...]:
    """A header package's root and, for Debian's split packages, its -common half."""
    name = root.name
    flavour = name.rpartition("-")[0]
    common = root.parent / f"{flavour}-common"
    return (root, common) if common.is_dir() else (root,)


def candidates(
    modules: Path = Path("/lib/modules"),
    sources: Path = Path("/usr/src"),
    include: Path = Path("/usr/include"),
    release: str | None = None,
) -> Iterator[HeaderSource]:
    """Yield usable header sets, the best first. The folders are parameters for tests."""
    explicit = os.environ.get(EXPLICIT)
    if explicit:
        root = Path(explicit)
        found = _tree("explicit", *_split_roots(root)) or _installed("explicit", root)
        if found is None:
            raise CompileError(
                f"{EXPLICIT}={explicit}: no kernel headers there (no include/uapi/linux/bpf.h "
                "and no linux/bpf.h with asm/types.h)",
                hint="name a kernel build tree or a folder laid out as /usr/include, or unset it",
            )
        yield found
        return
    running = modules / (release or platform.release())
    roots = [running / part for part in ("build", "source") if (running / part).is_dir()]
    if roots:
        first = roots[0].resolve()
        found = _tree("running kernel", *dict.fromkeys([*_split_roots(first), *roots]))
        if found:
            yield found
    packages = sorted(sources.glob("linux-headers-*"), reverse=True)
    for root in packages:
        if not root.name.endswith("-common"):
            found = _tree("linux-headers", *_split_roots(root))
            if found:
                yield found
    found = _installed("linux-libc-dev", include)
    if found:
        yield found


def discover() -> HeaderSource:
    """Return the header set to compile with.

    Order: $DSRLB_KERNEL_HEADERS, the running kernel's build tree, any installed linux-headers,
    linux-libc-dev. Raises CompileError when there is none.
    """
    for source in candidates():
        return source
    raise CompileError(
        "no kernel headers found (looked at the running kernel's build tree, /usr/src/"
        "linux-headers-*, /usr/include/linux)",
        hint="apt-get install linux-libc-dev",
    )


def write_shim(source: HeaderSource, folder: Path) -> list[str]:
    """Lay out ``folder`` so that BCC_KERNEL_SOURCE may name it.

    Returns the compiler's flags for the headers themselves. They come behind those of bcc, so that
    what is in the folder goes first.
    """
    include = folder / "include"
    for name in ("linux", "uapi/linux", "asm"):
        (include / name).mkdir(parents=True)
    (include / "asm-generic").symlink_to(source.generic)
    (include / "linux/kconfig.h").write_text(_KCONFIG)
    # bcc brings its own bpf.h and includes it first; the kernel's would define everything again.
    (include / "uapi/linux/bpf.h").touch()
    for name in _EMPTY:
        (folder / name).touch()
    for name, there in (("linux/version.h", source.linux), ("asm/page.h", source.asm)):
        if not any((place / Path(name).name).exists() for place in there):
            (include / name).touch()
    flags = []
    for number, place in enumerate(source.linux):
        flags += _found_as("uapi/linux", place, folder / f"linux{number}")
        flags.append(f"-I{folder}/linux{number}/uapi")
    for number, place in enumerate(source.asm):
        flags += _found_as("asm", place, folder / f"asm{number}")
    return flags


def _found_as(name: str, place: Path, folder: Path) -> list[str]:
    """The flags by which <NAME/x.h> is found in ``place``, whatever that is called itself."""
    link = folder / name
    link.parent.mkdir(parents=True)
    link.symlink_to(place)
    return [f"-I{folder}"]
