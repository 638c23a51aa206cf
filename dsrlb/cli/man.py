# SPDX-License-Identifier: Apache-2.0
"""The man page, made from the same commands as ``--help``."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any

import click

_FILES = (
    ("/etc/dsrlb/dsrlb.toml", "The configuration that is read when none was accepted yet."),
    ("/var/lib/dsrlb/INSTANCE/", "The last accepted configuration and other state."),
    ("/run/dsrlb/INSTANCE.sock", "The daemon's API."),
    ("/sys/fs/bpf/dsrlb/INSTANCE/", "The fast path's program and maps."),
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


def _options(command: Mapping[str, Any]) -> Iterator[str]:
    for parameter in command["params"]:
        if parameter["param_type_name"] != "option" or parameter["hidden"]:
            continue
        tag = ", ".join(parameter["opts"])
        if not parameter["is_flag"]:
            choices = parameter["type"].get("choices")
            tag += f" {'|'.join(choices) if choices else parameter['metavar'] or 'VALUE'}"
        needed = "Needed." if parameter["required"] else ""
        yield from _entry(tag, f"{parameter['help'] or ''} {needed}")


def _arguments(command: Mapping[str, Any]) -> str:
    texts = []
    for parameter in command["params"]:
        if parameter["param_type_name"] == "argument":
            name = parameter["metavar"] or parameter["name"].upper()
            texts.append(name if parameter["required"] or name[0] == "[" else f"[{name}]")
    return "".join(f" {text}" for text in texts)


def _commands(group: Mapping[str, Any], path: str) -> Iterator[str]:
    for name, command in group["commands"].items():
        if command["hidden"]:
            continue
        full = f"{path} {name}".strip()
        if "commands" in command:
            yield from _commands(command, full)
            continue
        yield f'.SS "{_escaped(full + _arguments(command))}"'
        yield from _paragraphs(command["help"])
        yield from _options(command)


def page(info: Mapping[str, Any]) -> str:
    """Return the man page (roff, section 8) of click's info dictionary of the root command."""
    lines = ['.TH DSRLB 8 "" dsrlb "System administration"', ".SH NAME"]
    lines += ["dsrlb \\- packet\\-level L4 load balancer", ".SH SYNOPSIS"]
    lines += [".B dsrlb", "[\\fIOPTIONS\\fR] \\fICOMMAND\\fR [\\fIARGUMENTS\\fR]"]
    lines += [".SH DESCRIPTION", *_paragraphs(info["help"])]
    lines += [".SH OPTIONS", *_options(info)]
    lines += [".SH COMMANDS", *_commands(info, "")]
    lines.append(".SH EXIT STATUS")
    lines += [line for code, text in _EXIT for line in _entry(code, text)]
    lines.append(".SH FILES")
    lines += [line for path, text in _FILES for line in _entry(path, text)]
    return "\n".join(line.rstrip() for line in lines if line) + "\n"


@click.command(hidden=True)
@click.pass_context
def man(ctx: click.Context) -> None:
    """Print the man page (roff)."""
    root = ctx.find_root()
    click.echo(page(root.command.to_info_dict(root)), nl=False)
