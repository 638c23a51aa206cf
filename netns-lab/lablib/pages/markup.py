# SPDX-License-Identifier: Apache-2.0
"""HTML and SVG, in which every text is escaped unless it is markup already."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

_VOID = {"meta", "br", "img", "link"}


class Markup(str):
    """Text that is markup, and is not escaped again."""

    __slots__ = ()


Content = str | Iterable[str]


def tag(element: str, /, *content: Content, **attributes: object) -> Markup:
    """An element. ``class_`` is attribute class, ``stroke_width`` stroke-width; None: left out."""
    words = [element]
    for key, value in attributes.items():
        if value is not None:
            words.append(f'{key.rstrip("_").replace("_", "-")}="{escape(str(value))}"')
    start = f"<{' '.join(words)}>"
    return Markup(start) if element in _VOID else Markup(f"{start}{join(*content)}</{element}>")


def join(*content: Content) -> Markup:
    """Texts and markup, one behind the other."""
    return Markup("".join(_text(part) for part in content))


def _text(part: Content) -> str:
    if isinstance(part, Markup):
        return part
    if isinstance(part, str):
        return escape(part)
    return "".join(_text(one) for one in part)
