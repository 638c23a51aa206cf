# SPDX-License-Identifier: Apache-2.0
"""The man page, made from the same commands as ``--help``."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import click

_FILES = (
    ("/etc/dsrlb/dsrlb.toml", "The configuration that is read when none was accepted yet."),
    ("/var/lib/dsrlb/INSTANCE/", "The last accepted configuration and other state."),
    ("/run/dsrlb/INSTANCE.sock", "The daemon's API."),
    ("/sys/fs/bpf/dsrlb/INSTANCE/", "The fast path's program and maps."),
    ("/var/lib/dsrlb/real-server-*.json", "On a real server: what real-server setup changed."),
    ("/etc/systemd/system/dsrlb-real-server-*.service", "What it changes again at every boot."),
)
_EXIT = (
    ("0", "Done."),
    ("1", "Failed."),
    ("2", "Wrong usage or an invalid configuration."),
)


def _escaped(text: str) -> str:
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^(?=[.'])", r"\\&", text, flags=re.MULTILINE)


def _paragraphs(text: str | None) -> Iterator[str]:
    """A docstring's paragraphs, each filled into one line."""
    for number, paragraph in enumerate(re.split(r"\n\s*\n", inspect.cleandoc(text or ""))):
        if number:
            yield ".PP"
        if paragraph:
            yield _escaped(" ".join(paragraph.split()))


def _entry(tag: str, text: str) -> Iterator[str]:
    yield ".TP"
    yield f"\\fB{_escaped(tag)}\\fR"
    yield _escaped(" ".join(text.split()))


def _options(ctx: click.Context) -> Iterator[str]:
    for parameter in ctx.command.params:
        record = parameter.get_help_record(ctx)
        if isinstance(parameter, click.Option) and record is not None:
            yield from _entry(*record)


def _usage(ctx: click.Context) -> str:
    """A command with its arguments, as --help has it."""
    pieces = ctx.command.collect_usage_pieces(ctx)
    return " ".join([ctx.command_path, *(piece for piece in pieces if piece != "[OPTIONS]")])


def _commands(group: click.Group, ctx: click.Context) -> Iterator[str]:
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        if command is None or command.hidden:
            continue
        inner = click.Context(command, parent=ctx, info_name=name)
        if isinstance(command, click.Group) and not command.invoke_without_command:
            yield from _commands(command, inner)
            continue
        yield f'.SS "{_escaped(_usage(inner))}"'
        yield from _paragraphs(command.help)
        yield from _options(inner)
        if isinstance(command, click.Group):
            yield from _commands(command, inner)


def page(root: click.Group) -> str:
    """Return the man page (roff, section 8) of the root command."""
    ctx = click.Context(root, info_name="dsrlb")
    lines = ['.TH DSRLB 8 "" dsrlb "System administration"', ".SH NAME"]
    lines += ["dsrlb \\- packet\\-level L4 load balancer", ".SH SYNOPSIS"]
    lines += [".B dsrlb", "[\\fIOPTIONS\\fR] \\fICOMMAND\\fR [\\fIARGUMENTS\\fR]"]
    lines += [".SH DESCRIPTION", *_paragraphs(root.help)]
    lines += [".SH OPTIONS", *_options(ctx)]
    lines += [".SH COMMANDS", *_commands(root, ctx)]
    lines.append(".SH EXIT STATUS")
    lines += [line for code, text in _EXIT for line in _entry(code, text)]
    lines.append(".SH FILES")
    lines += [line for path, text in _FILES for line in _entry(path, text)]
    return "\n".join(line.rstrip() for line in lines if line) + "\n"


@click.command(hidden=True)
@click.pass_context
def man(ctx: click.Context) -> None:
    """Print the man page (roff)."""
    root = ctx.find_root().command
    assert isinstance(root, click.Group)
    click.echo(page(root), nl=False)
