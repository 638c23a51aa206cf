# SPDX-License-Identifier: Apache-2.0
"""A short keepalived.conf with a few statements put into it, and what becomes of it."""

from __future__ import annotations

from dsrlb.config import Service
from tests.unit.importing.conftest import Convert

SERVER = """\
virtual_server 192.0.2.1 80 {
  lvs_sched rr
  lvs_method DR
  # SERVER
  real_server 192.0.2.2 80 {
    # REAL
    TCP_CHECK {
      # CHECK
    }
  }
  # OTHERS
}
"""


def text(**lines: str) -> str:
    """The text above with lines in place of its comments."""
    found = SERVER
    for name, line in lines.items():
        found = found.replace(f"# {name.upper()}\n", line + "\n")
    return found


def service(convert: Convert, **lines: str) -> Service:
    """The one service that it becomes."""
    (found,) = convert(text(**lines)).config.service
    return found


def told(convert: Convert, **lines: str) -> list[str]:
    """What is told about it."""
    return [str(note) for note in convert(text(**lines)).notes]
