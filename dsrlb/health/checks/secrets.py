# SPDX-License-Identifier: Apache-2.0
"""What checks say becomes events and rows, and has nothing in it that only the configuration should
say: a command may print its arguments, and a real server what it was sent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from dsrlb.health.protocol import Check, payload_bytes

_SHORTEST = 4
"""Characters: what is shorter stands in every text."""
_QUOTE = re.compile("['\"]")
_CUT = re.compile(r"""['"]\.{3}$""")
"""The end of a stranger's words that were too long."""
_SPACES = re.compile(rb"[\0-\x20]+")
_PARTS = re.compile(rb"[\0-\x20\"'`=:,;&?|<>(){}\[\]]+")
_OPTION = re.compile(rb"--?[\w.-]+=|-[A-Za-z]")


def _words(text: bytes) -> Iterator[bytes]:
    """A text, its words, and what stands between signs in them."""
    yield text.strip()
    yield from _SPACES.split(text)
    yield from _PARTS.split(text)


def _values(argument: bytes) -> Iterator[bytes]:
    """What is behind --name= or -x of an argument, and its words; of a script, which has words in
    common with what it prints, the former alone."""
    script = _SPACES.search(argument) is not None
    for word in _SPACES.split(argument):
        option = _OPTION.match(word)
        if option is not None:
            yield from _words(word[option.end() :])
        elif not script and not word.startswith(b"-"):
            yield from _words(word)


def _whole(check: Check, vip: str) -> Iterator[bytes]:
    """Values as they stand. The name in a certificate goes over the wire for all to see."""
    yield from (argument.encode() for argument in check.command[1:])
    yield payload_bytes(check.send)
    if check.type == "http" and check.host.strip("[]") != vip:
        yield check.host.encode()
    if check.path != "/":
        yield check.path.encode()


def _parts(check: Check) -> Iterator[bytes]:
    """What others may have taken out of them."""
    for argument in check.command[1:]:
        yield from _values(argument.encode())
    yield from _words(payload_bytes(check.send))
    yield from _PARTS.split(check.path.encode())[1:]


def _forms(secrets: Iterable[bytes]) -> tuple[str, ...]:
    """Secrets as a detail may have them, which shows bytes as ASCII; the longest first."""
    found = set()
    for secret in secrets:
        shown = ascii(secret)[2:-1]
        for form in (secret.decode(errors="replace"), shown, shown.replace("'", "\\'")):
            if len(form) >= _SHORTEST:
                found.add(form)
    return tuple(sorted(found, key=lambda form: (-len(form), form)))


@lru_cache(8192)
def _of(check: Check, vip: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is hidden wherever it stands, and what is in the words of a stranger."""
    whole = tuple(_whole(check, vip))
    return _forms(whole), _forms((*whole, *_parts(check)))


def without_secrets(detail: str, check: Check, vip: str) -> str:
    """The detail of an outcome with stars in the place of secrets. What a stranger said stands
    between quotes in it, at its end; it may have been cut off."""
    if not detail:
        return detail
    everywhere, within = _of(check, vip)
    quote = _QUOTE.search(detail)
    begin = quote.start() if quote is not None else len(detail)
    return _starred(detail[:begin], everywhere) + _starred(detail[begin:], within)


@lru_cache(8192)
def _pattern(forms: tuple[str, ...]) -> re.Pattern[str]:
    """Any of them, the longest first."""
    return re.compile("|".join(map(re.escape, forms)), re.IGNORECASE)


def _starred(text: str, forms: tuple[str, ...]) -> str:
    if forms:
        text = _pattern(forms).sub("***", text)
    cut = _CUT.search(text)
    if cut is not None:
        said = text[: cut.start()]
        longest = max((_common(said, form) for form in forms), default=0)
        if longest >= _SHORTEST:
            return f"{said[:-longest]}***{cut[0]}"
    return text


def _common(said: str, form: str) -> int:
    """How many characters at the end are a secret's first ones."""
    lengths = range(min(len(said), len(form) - 1), _SHORTEST - 1, -1)
    beginning, end = form.lower(), said.lower()
    return next((length for length in lengths if end.endswith(beginning[:length])), 0)
