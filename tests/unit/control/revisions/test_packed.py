# SPDX-License-Identifier: Apache-2.0
"""Texts packed in pieces are unpacked as one."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dsrlb.config import dump, edit, parse
from dsrlb.config.render import Toml
from dsrlb.control.revisions import packed
from dsrlb.control.revisions.packed import Packer
from tests.unit.config.edits import BASE


def test_a_configuration_is_what_it_was() -> None:
    text = dump(BASE)
    assert zlib.decompress(Packer().pack(text)).decode() == text
    assert parse(text, "again") == BASE


@pytest.mark.parametrize("text", ["", "a", "[balancer]\n" * 5000, "ä\n\nö"])
def test_any_text_is(text: str) -> None:
    assert zlib.decompress(Packer().pack(text)).decode() == text


@given(st.lists(st.text(), min_size=1, max_size=30))
@example(["\x7f" * 3_000_000, "\x7f" * 70_000, "", "\x7f" * 2_000_000])
def test_pieces_are_one_text(pieces: list[str]) -> None:
    """Its checksum is put together from those of its pieces, and looked at by zlib."""
    text = Toml("\n".join(pieces))
    text.pieces = tuple(pieces)
    assert zlib.decompress(Packer().pack(text)).decode() == text


def test_what_is_known_is_not_packed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last piece alone always is."""
    packer, block = Packer(), packed._block
    packer.pack(dump(BASE))
    done: list[str] = []

    def noted(text: str) -> packed._Block:
        done.append(text)
        return block(text)

    monkeypatch.setattr(packed, "_block", noted)
    change = {"verb": "service-set", "service": "web", "settings": {"pending_timeout": "7s"}}
    changed = dump(edit(BASE, change))
    assert zlib.decompress(packer.pack(changed)).decode() == changed
    assert [text.splitlines()[1] for text in done] == ['name = "web"', 'name = "dns"']
