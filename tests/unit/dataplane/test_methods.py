# SPDX-License-Identifier: Apache-2.0
"""The mode table is read out of the C text."""

from __future__ import annotations

from typing import get_args

from dsrlb import paths
from dsrlb.config.models import REPLIES, TUNNELS, L3dsr, Service
from dsrlb.dataplane.methods import methods, parse_methods


def test_rows() -> None:
    text = """
    METHOD(FIRST, rewrite_first, "l2dsr", "", 0, 0, 0, 0, 0) \\
    METHOD(OTHER, rewrite_other, "l3dsr", "other-way", 1, 12, 34, 0, 0) \\
    METHOD(BACK, rewrite_back, "back", "", 1, 0, 0, 1, 1)
    """
    found = parse_methods(text)
    assert list(found) == ["l2dsr", "other-way", "back"]
    assert (found["l2dsr"].number, found["l2dsr"].routes) == (1, False)
    other = found["other-way"]
    assert (other.number, other.mode, other.routes, other.outer) == (
        2,
        "l3dsr",
        True,
        {4: 12, 6: 34},
    )
    assert [method.replies for method in found.values()] == [False, False, True]
    assert [method.snat for method in found.values()] == [False, False, True]


def test_every_row_of_the_program_is_read() -> None:
    text = (paths.ebpf_sources() / "methods.h").read_text()
    assert len(methods()) == text.count("METHOD(") - 1  # the macro's own name
    assert [method.number for method in methods().values()] == list(range(1, len(methods()) + 1))


def test_the_configuration_knows_the_same_methods() -> None:
    named = set(get_args(L3dsr.model_fields["method"].annotation))
    assert named == {name for name, method in methods().items() if method.mode == "l3dsr"}
    modes = set(get_args(Service.model_fields["mode"].annotation))
    assert modes == {method.mode for method in methods().values()}
    assert set(REPLIES) == {method.mode for method in methods().values() if method.replies}
    assert [name for name, method in methods().items() if method.snat] == ["one-arm"]
    assert set(TUNNELS) == {
        name for name, method in methods().items() if any(method.outer.values())
    }
    assert Service.model_fields["mode"].is_required()
