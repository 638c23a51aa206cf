# SPDX-License-Identifier: Apache-2.0
"""Compiling in a child, loading, what the errors say, the cache, each kind of headers."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
from contextlib import closing
from pathlib import Path

import pytest

from dsrlb import paths
from dsrlb.dataplane import artifact, bpf, generation, headers, reaper
from dsrlb.dataplane.loader import Dataplane, load_program
from dsrlb.dataplane.maps import MapSet
from dsrlb.errors import CompileError, LoadError, SourcesChanged

BPF_LDX, BPF_LDX_DW = 0x01, 0x79
"""The class of loads, and one of eight bytes."""


def test_reasons_are_read_from_the_header() -> None:
    reasons = artifact.parse_reasons((paths.ebpf_sources() / "abi_reasons.h").read_text())
    assert reasons[0].name == "pass"
    assert {reason.action for reason in reasons} == {"pass", "forward", "answer", "drop"}
    assert len({reason.name for reason in reasons}) == len(reasons) == 47


def test_bcc_stays_out_of_this_process(tmp_path: Path) -> None:
    built = artifact.build(cache=tmp_path)
    assert not built.cached
    assert "dsrlb" in built.programs
    assert "bcc" not in sys.modules
    again = artifact.build(cache=tmp_path)
    assert again.cached
    assert again.programs == built.programs
    assert again.maps == built.maps


def test_broken_cache_is_compiled_anew(tmp_path: Path) -> None:
    artifact.build(cache=tmp_path)
    (entry,) = tmp_path.iterdir()
    entry.write_text(entry.read_text()[:1000])
    assert not artifact.build(cache=tmp_path).cached
    assert json.loads(entry.read_text())["format"]


@pytest.mark.parametrize("word", ["nonsense", "nonsense(1)"], ids=["name", "call"])
def test_compiler_words_name_file_and_line(word: str, tmp_path: Path) -> None:
    source = tmp_path / "broken.c"
    source.write_text(f"int dsrlb(struct xdp_md *ctx)\n{{\n\treturn {word};\n}}\n")
    with pytest.raises(CompileError, match=r"ebpf/broken\.c:3:9.*nonsense"):
        artifact.build(main=source, cache=tmp_path / "cache")


def test_verifier_words_are_in_the_error(tmp_path: Path) -> None:
    source = tmp_path / "unsafe.c"
    source.write_text(
        "#define ABI_VERSION 1\n"
        "int dsrlb(struct xdp_md *ctx)\n{\n\treturn *(int *)(long)ctx->data;\n}\n"
    )
    built = artifact.build(main=source, cache=tmp_path / "cache")
    with (
        closing(MapSet(built, None, 1024)) as maps,
        pytest.raises(LoadError, match="invalid access to packet"),
    ):
        load_program(built.programs["dsrlb"], maps)


def test_programs_stay_within_their_budget() -> None:
    """Budget per program: 250,000 verified instructions (the limit is a million)."""
    with closing(Dataplane.create(None, 1024)) as dataplane:
        for name in (artifact.FIRST, *dataplane.artifact.stages, "probe", "reaper"):
            (program,) = artifact.build(artifact.part(name)).programs.values()
            if name == "reaper":  # has a map of its own
                fd, more = reaper.load(program, dataplane.maps)
                os.close(more)
            else:
                fd = load_program(program, dataplane.maps)
            assert bpf.prog_info(fd).verified_instructions < 250_000, program.name
            if name == artifact.FIRST:  # compiled before anything is attached: a start waits for it
                assert len(program.code) // 8 < 7_500
            os.close(fd)


def test_programs_that_move_flows_stay_within_it_too(pins: Path) -> None:
    """They are loaded while there are former tables, and only then have maps of their own."""
    with closing(Dataplane.create(pins, 1024)) as made:
        made.maps.pin()
    with closing(Dataplane.create(pins, 2048)) as dataplane:
        for name in ("front", "fetch", "mover"):
            built = artifact.build(artifact.part(name))
            (program,) = built.programs.values()
            fd = load_program(program, dataplane.maps)
            assert bpf.prog_info(fd).verified_instructions < 250_000, program.name
            os.close(fd)
            own = built.maps.keys() - dataplane.artifact.maps.keys()
            assert own == generation.FORMER.keys() | generation.EXTRA
            shared = {key: built.maps[key] for key in built.maps.keys() - own}
            assert shared == dataplane.artifact.maps


def test_groups_are_loaded_whole() -> None:
    """What is written by one store is read by one load: never an old MAC address's half."""
    (program,) = artifact.build(Path(__file__).parent / "groups.c").programs.values()
    loads = [operation for operation in program.code[::8] if operation & 7 == BPF_LDX]
    assert loads == [BPF_LDX_DW] * 5


def test_parts_declare_the_same_maps() -> None:
    first = artifact.build()
    for name in (*first.stages, "probe", "reaper"):
        other = artifact.build(artifact.part(name))
        own = {key: other.maps[key] for key in set(other.maps) - set(first.maps)}
        assert own.keys() == ({"again"} if name == "reaper" else set())
        assert (other.maps, other.reasons) == ({**first.maps, **own}, first.reasons)
        assert set(other.programs) == {f"dsrlb_{name}"}


def test_stages_of_another_version_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the files are others by the time at which a stage is needed, nothing is loaded; once
    they are as they were, it is."""
    folder = tmp_path / "ebpf"
    shutil.copytree(paths.ebpf_sources(), folder)
    monkeypatch.setattr(paths, "ebpf_sources", lambda: folder)
    with closing(Dataplane.create(None, 1024, wait=False)) as dataplane:
        dataplane.complete(replies=False, probes=False)
        stages, places = dataplane.maps["stages"], dataplane.artifact.stages.values()
        before = [stages.get(place) for place in places]
        changed = folder / "reply.h"
        text = changed.read_text()
        changed.write_text(text + "/* of another version */\n")
        dataplane.check(replies=False, probes=False)
        for work in (dataplane.check, dataplane.complete):
            with pytest.raises(SourcesChanged, match=r"reply\.h"):
                work(replies=True, probes=False)
        assert [stages.get(place) for place in places] == before
        changed.write_text(text)
        dataplane.check(replies=True, probes=True)
        dataplane.complete(replies=True, probes=True)
        assert None not in [stages.get(place) for place in places]


def test_stages_are_put_in_place_by_complete() -> None:
    """A start that is refused before leaves those of the running program as they were."""
    with closing(Dataplane.create(None, 1024, wait=False)) as dataplane:
        places = list(dataplane.artifact.stages.values())
        general = dataplane.artifact.stages["general"]
        stages, first = dataplane.maps["stages"], dataplane.artifact.stages["allocate"]
        probed = dataplane.artifact.stages["probed"]
        assert [stages.get(place) for place in places] == [None] * len(places)
        dataplane.prepare()  # right before the first program is attached
        prepared = [place for place in places if stages.get(place) is not None]
        assert prepared == [general]
        dataplane.complete(replies=False, probes=False)
        loaded = [stages.get(place) for place in places]
        assert [place for place in places if loaded[place] is None] == [probed, *places[first:]]
        before = dataplane.probe_fd
        dataplane.complete()
        assert (before, dataplane.probe_fd is None) == (None, False)
        again = [stages.get(place) for place in places]
        assert None not in again
        kept = [place for place in places if loaded[place] is not None]
        assert [again[place] for place in kept] == [loaded[place] for place in kept]
        loaded = again
        dataplane.complete()  # as every later change of the configuration does
        assert [stages.get(place) for place in places] == loaded


def _shim_compiles(monkeypatch: pytest.MonkeyPatch, folder: Path, cache: Path) -> artifact.Artifact:
    monkeypatch.setenv(headers.EXPLICIT, str(folder))
    return artifact.build(cache=cache)


def test_compiles_with_explicit_headers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """/usr/include, named explicitly, gives the same program as found by itself."""
    found = artifact.build(cache=tmp_path / "found")
    named = _shim_compiles(monkeypatch, Path("/usr/include"), tmp_path / "named")
    assert named.headers == "explicit: /usr/include"
    assert named.programs == found.programs


def test_compiles_with_a_kernel_tree(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The layout of a kernel build tree, filled with this machine's UAPI headers."""
    machine = platform.machine()
    tree = tmp_path / "linux"
    (tree / "include/uapi").mkdir(parents=True)
    (tree / "include/uapi/linux").symlink_to("/usr/include/linux")
    (tree / "include/uapi/asm-generic").symlink_to("/usr/include/asm-generic")
    asm = tree / f"arch/{headers._ARCH}/include/uapi"
    asm.mkdir(parents=True)
    (asm / "asm").symlink_to(f"/usr/include/{machine}-linux-gnu/asm")
    built = _shim_compiles(monkeypatch, tree, tmp_path / "cache")
    assert built.headers == f"explicit: {tree}"
