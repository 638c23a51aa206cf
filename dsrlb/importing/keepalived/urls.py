# SPDX-License-Identifier: Apache-2.0
"""What HTTP_GET and SSL_GET of keepalived.conf(5) ask for, and which answer is good."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from dsrlb.importing.addresses import number_of
from dsrlb.importing.keepalived.blocks import Statement
from dsrlb.importing.keepalived.values import Values

_REGEX = re.compile(r"[.^$*+?()\[\]{}|\\]")
_NOT_SENT = re.compile(r"[^!-~]+")


@dataclass(slots=True)
class Url:
    """Keys of a health table; the host that is asked for, where one is named here."""

    table: dict[str, Any] = field(default_factory=dict)
    virtualhost: str = ""


def read_url(block: Statement, values: Values, lost: Mapping[str, str]) -> Url:
    """A block url; ``lost``: why other keywords are not carried over."""
    url, regex = Url(), None
    options: list[Statement] = []
    for statement in block.inner:
        keyword = statement.keyword
        if keyword == "path":
            url.table["path"] = _path(statement, values)
        elif keyword == "status_code":
            url.table["status"] = _statuses(statement, values) or ["200-299"]
        elif keyword == "virtualhost":
            url.virtualhost = values.one(statement) or url.virtualhost
        elif keyword == "digest":
            values.lost(statement, "a body is known by text in it (health.body)")
        elif keyword == "regex":
            regex = statement
        elif keyword.startswith("regex_"):
            options.append(statement)
        elif keyword in lost:
            values.lost(statement, lost[keyword])
        else:
            values.unknown(statement)
    for option in options:
        values.lost(option, "the body holds a text as it stands, anywhere")
    if regex is not None:
        why = _no_text(regex, {option.keyword for option in options})
        if why:
            values.lost(regex, why)
        else:
            url.table["body"] = " ".join(regex.values)
    return url


def _statuses(statement: Statement, values: Values) -> list[str]:
    """Codes and ranges of codes; others are told."""
    good = []
    for text in statement.values:
        first, dash, last = text.partition("-")
        try:
            low = number_of(first, 100, 599)
            if dash:
                number_of(last, low, 599)
        except ValueError:
            values.report.lost(statement.place, f"status_code {text}", "a code, or a range of them")
        else:
            good.append(text)
    return good


def _path(statement: Statement, values: Values) -> str:
    """As keepalived sends it, but for what no request line can have (RFC 9112, section 3.2)."""
    path = values.one(statement) or "/"
    sent = _NOT_SENT.sub(lambda found: quote(found[0]), path)
    if sent != path:
        values.near(statement, "what no request can have is sent as %20 and the like")
    return sent


def _no_text(regex: Statement, options: set[str]) -> str:
    """Why a regular expression is not but text that the body has to hold; "": it is."""
    text = " ".join(regex.values)
    if not text or _REGEX.search(text):
        return "health.body is text, no regular expression"
    if "regex_no_match" in options:
        return "health.body has to be there: no text can be forbidden"
    if "regex_options" in options:
        return "health.body is compared as it stands, without options"
    return ""
