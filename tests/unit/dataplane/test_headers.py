# SPDX-License-Identifier: Apache-2.0
"""Header discovery: its order, each kind of source, and the shim that is made of it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from dsrlb.dataplane import headers
from dsrlb.errors import CompileError

ARCH = headers._ARCH


def kernel_tree(root: Path) -> None:
    """A kernel build tree, or a header package, as far as UAPI goes."""
    for name in (
        "include/uapi/linux/bpf.h",
        "include/uapi/linux/types.h",
        "include/uapi/asm-generic/types.h",
        f"arch/{ARCH}/include/uapi/asm/byteorder.h",
        f"arch/{ARCH}/include/generated/uapi/asm/types.h",
        "include/generated/uapi/linux/version.h",
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")


def libc_dev(root: Path) -> None:
    for name in ("linux/bpf.h", "linux/version.h", "asm-generic/types.h", "asm/types.h"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.delenv(headers.EXPLICIT, raising=False)
    return {
        "modules": tmp_path / "modules",
        "sources": tmp_path / "src",
        "include": tmp_path / "include",
    }


def kinds(places: dict[str, Any]) -> list[str]:
    return [source.kind for source in headers.candidates(**places, release="9.9")]


def test_order(places: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert kinds(places) == []
    libc_dev(places["include"])
    assert kinds(places) == ["linux-libc-dev"]
    kernel_tree(places["sources"] / "linux-headers-6.1.0-1-amd64")
    assert kinds(places) == ["linux-headers", "linux-libc-dev"]
    kernel_tree(places["modules"] / "9.9/build")
    assert kinds(places) == ["running kernel", "linux-headers", "linux-libc-dev"]
    kernel_tree(tmp_path / "mine")
    monkeypatch.setenv(headers.EXPLICIT, str(tmp_path / "mine"))
    assert kinds(places) == ["explicit"]


def test_debian_splits_its_packages(places: dict[str, Any]) -> None:
    """The -amd64 package has the generated headers, the -common one the others."""
    flavour = places["sources"] / "linux-headers-6.1.0-1-amd64"
    common = places["sources"] / "linux-headers-6.1.0-1-common"
    kernel_tree(common)
    generated = flavour / f"arch/{ARCH}/include/generated/uapi/asm"
    generated.mkdir(parents=True)
    (generated / "types.h").write_text("")
    found = list(headers.candidates(**places, release="9.9"))
    assert [source.kind for source in found] == ["linux-headers"]
    assert found[0].path == flavour


def test_explicit_but_empty_is_an_error(
    places: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    libc_dev(places["include"])
    monkeypatch.setenv(headers.EXPLICIT, str(tmp_path))
    with pytest.raises(CompileError, match="no kernel headers there"):
        list(headers.candidates(**places))


def test_shim_replaces_bpf_h_and_links_the_rest(places: dict[str, Any], tmp_path: Path) -> None:
    libc_dev(places["include"])
    (places["include"] / "linux/bpf.h").write_text("clash")
    source = next(headers.candidates(**places))
    shim = tmp_path / "shim"
    flags = headers.write_shim(source, shim)
    assert (shim / "include/uapi/linux/bpf.h").read_text() == ""
    assert (places["include"] / "linux/bpf.h").read_text() == "clash"
    assert "CONFIG_BPF_SYSCALL" in (shim / "include/linux/kconfig.h").read_text()
    found = partial(_found, [shim / "include/uapi", shim / "include"], flags)
    assert found("uapi/linux/bpf.h") == found("linux/bpf.h") == shim / "include/uapi/linux/bpf.h"
    assert found("asm/types.h").samefile(places["include"] / "asm/types.h")
    for name in ("linux/version.h", "uapi/linux/version.h"):
        assert found(name).samefile(places["include"] / "linux/version.h")


def test_shim_stands_in_for_what_is_missing(places: dict[str, Any], tmp_path: Path) -> None:
    libc_dev(places["include"])
    (places["include"] / "linux/version.h").unlink()
    (places["include"] / "asm/page.h").write_text("the host's own")
    shim = tmp_path / "shim"
    flags = headers.write_shim(next(headers.candidates(**places)), shim)
    found = partial(_found, [shim / "include"], flags)
    assert found("linux/version.h").read_text() == ""
    assert found("asm/page.h").read_text() == "the host's own"


def _found(first: list[Path], flags: list[str], name: str) -> Path:
    """The file that the compiler finds: bcc's folders go before those of the flags."""
    folders = [*first, *(Path(flag.removeprefix("-I")) for flag in flags)]
    return next(folder / name for folder in folders if (folder / name).exists())
