# SPDX-License-Identifier: Apache-2.0
"""The root command. Subcommands are imported when they are asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from dsrlb import __version__
from dsrlb.cli.common import show_error
from dsrlb.errors import DsrlbError
from dsrlb.paths import DEFAULT_INSTANCE, for_instance

_SECTIONS = {
    "Run": {
        "run": "verbs:run",
        "check": "verbs:check",
        "plan": "verbs:plan",
        "apply": "verbs:apply",
        "confirm": "revisions:confirm",
        "rollback": "revisions:rollback",
        "detach": "verbs:detach",
        "import": "importing:importing",
        "backup": "backups:backup",
        "restore": "backups:restore",
        "doctor": "doctor:doctor",
    },
    "Show": {
        "status": "nouns:status",
        "services": "nouns:services",
        "reals": "nouns:reals",
        "macs": "nouns:macs",
        "stats": "nouns:stats",
        "flows": "flows:flows",
        "events": "nouns:events",
        "config": "revisions:config",
        "history": "revisions:history",
        "diff": "revisions:diff",
    },
    "Change": {
        "service": "edits:service",
        "real": "edits:real",
    },
    "On a real server": {
        "real-server": "realserver:real_server",
    },
    "": {
        "man": "man:man",
    },
}
_SHORT_HELP = 200  # characters, wrapped; click would cut at the line's end
_PLACES = {name: place for section in _SECTIONS.values() for name, place in section.items()}


class _Root(click.Group):
    """Imports commands late, shows them by section, turns DsrlbError into an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_PLACES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _PLACES:
            return None
        module, attribute = _PLACES[cmd_name].split(":")
        command: click.Command = getattr(import_module(f"dsrlb.cli.{module}"), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, names in _SECTIONS.items():
            commands = [(name, self.get_command(ctx, name)) for name in names]
            rows = [
                (name, command.get_short_help_str(_SHORT_HELP))
                for name, command in commands
                if command is not None and not command.hidden
            ]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except DsrlbError as error:
            ctx.exit(show_error(error))


def _instance(_: click.Context, __: click.Parameter, name: str) -> str:
    try:
        for_instance(name)
    except DsrlbError as error:
        raise click.BadParameter(f"{error.message}; {error.hint}") from error
    return name


@click.group(cls=_Root, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--instance",
    metavar="NAME",
    default=DEFAULT_INSTANCE,
    show_default=True,
    callback=_instance,
    help="Which balancer of this host is meant.",
)
@click.version_option(__version__, prog_name="dsrlb")
@click.pass_context
def cli(ctx: click.Context, instance: str) -> None:
    """dsrlb, a packet-level load balancer.

    Nouns show and take --json; verbs change. Exit codes: 0 done, 1 failed, 2 wrong usage or
    invalid configuration.
    """
    ctx.obj = instance


def main() -> None:
    """Entry point of the `dsrlb` program; does not return."""
    cli(prog_name="dsrlb")
