# SPDX-License-Identifier: Apache-2.0
"""dsrlb backup and restore: an instance's state in one file."""

from __future__ import annotations

from pathlib import Path

import click

from dsrlb.cli.changes import command
from dsrlb.cli.common import require_root

_FILE = click.Path(path_type=Path)


@click.command()
@click.argument("file", type=_FILE)
@click.pass_obj
def backup(instance: str, file: Path) -> None:
    """Save the instance's configuration, its source and its revisions in FILE.

    FILE is a tar, compressed by gzip unless its name ends in .tar, and readable by its owner alone.
    The daemon may run meanwhile.
    """
    require_root()
    from dsrlb.control.revisions.backup import save

    names = save(instance, file)
    click.echo(f"{file}: {', '.join(names)} of instance {instance}")


def _tell_way_back(aside: Path) -> None:
    click.echo(f"way back: what was there is in {aside}")


@click.command()
@click.argument("file", type=_FILE)
@click.pass_obj
def restore(instance: str, file: Path) -> None:
    """Put the state in FILE, which `backup` made, in the place of what the instance has.

    All of it is verified first; what was there is kept beside it. The daemon must not run: stop it,
    which leaves traffic untouched, and start it behind this.
    """
    require_root()
    from dsrlb.control.revisions.backup import restore as put_back
    from dsrlb.control.revisions.backup import summary

    restored = put_back(instance, file, _tell_way_back)
    click.echo(f"restored {', '.join(restored.members)}: {summary(restored)}")
    click.echo(f"`{command('run')}` starts with it")
