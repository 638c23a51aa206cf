# SPDX-License-Identifier: Apache-2.0
"""What of a configuration is nobody's business who reads logs: commands of checks, what they send
and the paths that they ask for may carry passwords."""

from __future__ import annotations

from dataclasses import replace

from dsrlb.config.source import MODELS, key_path
from dsrlb.errors import ConfigError, DsrlbError, Problem
from dsrlb.printable import printable

HIDDEN = "***"
"""Stands for a value."""

TEXTS = frozenset(("path", "host", "sni", "body", "send", "expect", "query", "command"))
"""Keys of a health table that take any text; all others are numbers, times and given words."""

_OTHERS = frozenset(("file", "include", "verb", "real"))
"""Keys of problems that are no keys of the configuration."""


def secret(key: str) -> bool:
    """May the value of a problem's key, such as service[0].health.send, be one? Those below health,
    lines that are no TOML, and whatever stands behind a key that is not known: it may be a
    misspelt one."""
    names = [part for part in key_path(key) if isinstance(part, str)]
    if names[:1] and names[0] in _OTHERS:
        return False
    for depth, name in enumerate(names):
        model = MODELS.get(".".join(names[:depth]))
        if name == "health" or model is None or name not in model.model_fields:
            return True
    return False


def line(problem: Problem) -> str:
    """A problem as it may be told to everybody."""
    value = problem.value
    has_table = value.startswith(("{", "[")) and "{" in value  # which has more keys
    if (secret(problem.key) or has_table) and value != "(absent)":
        problem = replace(problem, value=HIDDEN)
    return printable(str(problem))


def told(error: DsrlbError) -> str:
    """An error as it may be told to everybody: without the values that may be secret."""
    if not isinstance(error, ConfigError):
        return error.message
    return "; ".join(map(line, error.problems))
