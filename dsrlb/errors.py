# SPDX-License-Identifier: Apache-2.0
"""The one tree of exceptions. A message says what was wrong, with the value; a hint what to try."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


class DsrlbError(Exception):
    """Base of all errors that a user is meant to read."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a configuration: where, which value, what would be right."""

    file: str
    line: int | None
    key: str
    value: str
    message: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.key} = {self.value}: {self.message}"


class ConfigError(DsrlbError):
    """A configuration that cannot be accepted, with everything that is wrong in it."""

    def __init__(self, problems: Sequence[Problem], hint: str = "") -> None:
        super().__init__("\n".join(str(problem) for problem in problems), hint)
        self.problems = tuple(problems)


class KernelError(DsrlbError):
    """The kernel refused something, or lacks it."""


class CompileError(DsrlbError):
    """The C sources did not compile; the message holds the compiler's words."""


class SourcesChanged(CompileError):
    """... or are not those any more that the running programs were compiled from."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"dsrlb's files have changed since this daemon started ({path}: {why}): what this "
            "needs would be a program of another version beside those that run",
            hint="restart the daemon (systemctl restart dsrlb): it takes over the flows, and works "
            "with the files that are there now",
        )


class LoadError(KernelError):
    """The verifier refused the program; the message holds its words."""


class AbiMismatch(KernelError):
    """Pinned state was made by a program with another layout."""


class NewerVersion(AbiMismatch):
    """... of a later release."""


class NotRunning(DsrlbError):
    """The daemon is not there to be asked."""


class NetError(KernelError):
    """Links, addresses, routes, neighbours or attaching did not go as needed."""


class StateError(DsrlbError):
    """Saved state, paths or a second daemon stand in the way."""


class UnknownRevision(StateError):
    """There is no configuration revision of that number, or not any more."""


class Overtaken(StateError):
    """Another change came before this one, which was meant for what ran until then."""
