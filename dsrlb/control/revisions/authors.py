# SPDX-License-Identifier: Apache-2.0
"""Who wants a change. The kernel says it, of a process or of the other end of a socket; whom that
process acts for only it can say, so that is shown beside it and never instead."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Author:
    """A user, by the kernel's word, and the name that the client gave beside it (or none)."""

    uid: int
    user: str
    said: str = ""

    def __str__(self) -> str:
        return f"{self.user} (for {self.said}, as the client says)" if self.said else self.user


def of_uid(uid: int, said: str = "") -> Author:
    """The author by a uid; one without an account is called by its number."""
    try:
        return Author(uid, pwd.getpwuid(uid).pw_name, said)
    except KeyError:
        return Author(uid, f"uid {uid}", said)


def behind_sudo() -> str:
    """Who called this process by sudo; empty: nobody."""
    return os.environ.get("SUDO_USER", "")


def own() -> Author:
    """Who runs this process."""
    return of_uid(os.getuid(), behind_sudo())


def itself() -> Author:
    """dsrlb, of its own accord."""
    return Author(os.getuid(), "dsrlb")
