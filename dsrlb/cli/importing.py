# SPDX-License-Identifier: Apache-2.0
"""dsrlb import: the configuration of another balancer as one of dsrlb's."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dsrlb.cli.common import Stdin, bytes_given
from dsrlb.errors import DsrlbError

if TYPE_CHECKING:
    from dsrlb.importing import Imported

_FILE = click.Path(path_type=Path)
_DASH = Path("-")

_file = click.argument("file", type=_FILE)
_output = click.option(
    "-o", "--output", type=_FILE, metavar="OUT.toml", help="Write there (default: standard output)."
)
_interfaces = click.option(
    "--interface",
    "interfaces",
    multiple=True,
    metavar="NAME",
    help="Of balancer.interfaces; may be given again. Without one, eth0 stands in.",
)


@click.group("import")
def importing() -> None:
    """Convert the configuration of keepalived, or the rules of ipvsadm.

    The report on standard error says, line by line, what was not carried over or only nearly, and
    why. Nothing is asked of this host, and nothing is applied.
    """


def _text(file: Path) -> tuple[str, str, Path]:
    """What a file holds, what errors call it, and the folder that its includes start from."""
    from dsrlb.importing.octets import replaced

    source = Stdin("<stdin>") if file == _DASH else file
    return replaced(bytes_given(source)), str(source), Path(source.parent)


def _finish(imported: Imported, source: str, output: Path | None) -> None:
    """Write the configuration, and tell what it lacks."""
    for note in imported.notes:
        click.echo(str(note), err=True)
    toml = imported.toml(source)
    if output is None or output == _DASH:
        click.echo(toml, nl=False)
    else:
        _write(output, toml)
    kinds = [note.kind for note in imported.notes]
    services = imported.config.service
    reals = sum(len(service.real) for service in services)
    click.echo(
        f"services: {len(services)}, reals: {reals}; "
        f"not carried over: {kinds.count('not carried over')}, "
        f"approximated: {kinds.count('approximated')}",
        err=True,
    )


def _write(output: Path, toml: str) -> None:
    try:
        opened = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with open(opened, "w") as file:
            if stat.S_ISREG(os.fstat(opened).st_mode):
                os.fchmod(opened, 0o600)  # checks may carry passwords
            file.write(toml)
    except OSError as error:
        raise DsrlbError(f"cannot write {output}: {error.strerror}") from error


@importing.command("keepalived")
@_file
@_output
@_interfaces
@click.option(
    "--config-id", metavar="NAME", help="Lines that begin with @NAME count, as for keepalived -i."
)
def keepalived(
    file: Path, output: Path | None, interfaces: tuple[str, ...], config_id: str | None
) -> None:
    """Convert the virtual servers of a keepalived.conf. FILE "-" is standard input."""
    from dsrlb.importing import from_keepalived

    text, shown, folder = _text(file)
    imported = from_keepalived(text, shown, folder, interfaces, config_id)
    _finish(imported, f"{shown} (keepalived)", output)


@importing.command("ipvsadm")
@_file
@_output
@_interfaces
def ipvsadm(file: Path, output: Path | None, interfaces: tuple[str, ...]) -> None:
    """Convert what `ipvsadm --save --numeric` wrote. FILE "-" is standard input."""
    from dsrlb.importing import from_ipvsadm

    text, shown, _ = _text(file)
    _finish(from_ipvsadm(text, shown, interfaces), f"{shown} (ipvsadm)", output)
