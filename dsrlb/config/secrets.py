# SPDX-License-Identifier: Apache-2.0
"""What of a configuration is nobody's business who reads events and logs: commands of checks and
what they send may carry passwords."""

from __future__ import annotations

import re

from dsrlb.errors import ConfigError, DsrlbError

_KEYS = re.compile(r"\bhealth\.(command|send|host)\b|\.health$")


def told(error: DsrlbError) -> str:
    """An error as it may be told to everybody: without the values that may be secret."""
    if not isinstance(error, ConfigError):
        return error.message
    lines = []
    for problem in error.problems:
        if _KEYS.search(problem.key):
            place = problem.file if problem.line is None else f"{problem.file}:{problem.line}"
            lines.append(f"{place}: {problem.key} is wrong; `dsrlb check` says how")
        else:
            lines.append(str(problem))
    return "\n".join(lines)
