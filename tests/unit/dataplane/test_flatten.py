# SPDX-License-Identifier: Apache-2.0
"""Own includes become one text, once each, with marks for the compiler's messages."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsrlb.dataplane.flatten import flatten
from dsrlb.errors import CompileError


def test_each_file_once_with_line_marks(tmp_path: Path) -> None:
    (tmp_path / "a.h").write_text("int a;\n")
    (tmp_path / "b.h").write_text('#include "a.h"\nint b;\n')
    (tmp_path / "main.c").write_text('#include <x.h>\n#include "a.h"\n#include "b.h"\nint m;\n')
    assert flatten(tmp_path / "main.c") == (
        '#line 1 "ebpf/main.c"\n'
        "#include <x.h>\n"
        '#line 1 "ebpf/a.h"\nint a;\n'
        '#line 3 "ebpf/main.c"\n'
        '#line 1 "ebpf/b.h"\n\nint b;\n'
        '#line 4 "ebpf/main.c"\n'
        "int m;\n"
    )


def test_a_text_instead_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.h").write_text("int a;\n")
    (tmp_path / "main.c").write_text('#include "a.h"\n')
    assert flatten(tmp_path / "main.c", {"a.h": "int other;\n"}) == (
        '#line 1 "ebpf/main.c"\n#line 1 "ebpf/a.h"\nint other;\n#line 2 "ebpf/main.c"\n'
    )


def test_missing_include_is_named(tmp_path: Path) -> None:
    (tmp_path / "main.c").write_text('#include "gone.h"\n')
    with pytest.raises(CompileError, match=r"gone\.h"):
        flatten(tmp_path / "main.c")
