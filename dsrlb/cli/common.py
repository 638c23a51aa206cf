# SPDX-License-Identifier: Apache-2.0
"""What commands share: the options they take, how errors are shown, whom they act for."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path, PosixPath
from typing import Any, TypeVar

import click

from dsrlb.errors import ConfigError, DsrlbError
from dsrlb.paths import DEFAULT_INSTANCE, for_instance
from dsrlb.printable import printable, printable_lines

_Command = TypeVar("_Command", bound=Callable[..., Any])

_NAMED = re.compile(
    r"\bdsrlb (?=(?:run|check|plan|apply|confirm|rollback|detach|backup|restore|doctor|status|"
    r"services|reals|macs|stats|flows|events|config|history|diff|service|real)(?![\w-]))"
)
"""Commands of an instance, in a text."""
_UNUSUAL = re.compile(r"[^\x20-\x7e\n]")

FAILED = 1
WRONG = 2
"""Exit codes: it did not work; wrong usage or an invalid configuration."""


class Stdin(PosixPath):
    """Standard input in the place of a file: read without opening it, which may be a socket."""

    def read_bytes(self) -> bytes:
        """No more than tells that it is too much."""
        from dsrlb.config.files import LARGEST

        return sys.stdin.buffer.read(LARGEST + 1)


def text_given(source: Path) -> str:
    """What a file, a pipe or standard input holds. Raises ConfigError."""
    from dsrlb.config.files import decoded

    return decoded(bytes_given(source), str(source))


def bytes_given(source: Path) -> bytes:
    """As text_given(), whatever it is. Raises ConfigError."""
    from dsrlb.config.files import bounded, bytes_of

    if isinstance(source, Stdin):
        return bounded(source.read_bytes(), str(source))
    return bytes_of(source, pipes=True)


def json_option(command: _Command) -> _Command:
    """Give a command ``--json``, as the parameter ``as_json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, numbers exact.")(
        command
    )


def print_json(value: Any) -> None:
    """Write a value for programs."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    click.echo(_UNUSUAL.sub(lambda found: _escaped(found[0]), text))


def _escaped(character: str) -> str:
    return character if character.isprintable() else json.dumps(character)[1:-1]


def of_instance(text: str) -> str:
    """A text whose commands can be copied: they are of the instance that is meant here."""
    context = click.get_current_context(silent=True)
    instance = context.find_root().obj if context is not None else None
    if instance in (None, DEFAULT_INSTANCE):
        return text
    return _NAMED.sub(f"dsrlb --instance {instance} ", text)


def require_root() -> None:
    """Refuse, in one line, to go on without root (tests that move /run and /var may)."""
    if os.geteuid() != 0 and not os.environ.get("DSRLB_ROOT"):
        path = click.get_current_context().command_path
        raise DsrlbError(f"`{path}` needs root; run it with sudo")


def require_socket(instance: str) -> None:
    """As require_root(), but who may use the socket (balancer.socket_group) may go on, too."""
    if not os.access(for_instance(instance).socket, os.W_OK, effective_ids=True):
        require_root()


def show_error(error: DsrlbError) -> int:
    """Write an error to standard error; returns the exit code it stands for."""
    if isinstance(error, ConfigError):
        _show_problems(error)
    else:
        click.echo(f"error: {printable_lines(error.message.expandtabs())}", err=True)
    if error.hint:
        click.echo(f"  hint: {printable_lines(of_instance(error.hint))}", err=True)
    return WRONG if isinstance(error, ConfigError) else FAILED


def _show_problems(error: ConfigError) -> None:
    """Values that may be secret are for who sits there: all else may be kept, as the journal is."""
    from dsrlb.config.secrets import line

    seen = sys.stderr.isatty()
    for problem in error.problems:
        click.echo(printable(str(problem)) if seen else line(problem), err=True)


def behind() -> str:
    """Who called this command by sudo, for the daemon, which knows the user itself."""
    return os.environ.get("SUDO_USER", "")
