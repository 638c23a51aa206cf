# SPDX-License-Identifier: Apache-2.0
"""dsrlb doctor: can dsrlb work on this host?"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from functools import partial
from typing import TYPE_CHECKING

import click

from dsrlb.cli.common import of_instance
from dsrlb.errors import DsrlbError
from dsrlb.paths import DEFAULT_INSTANCE

if TYPE_CHECKING:
    from dsrlb.config import Clash, Config, HostFacts

_MARKS = {True: "ok    ", False: "FAILED", None: "      "}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def doctor(context: click.Context, as_json: bool) -> None:
    """Look at kernel, bcc, headers, interfaces and the daemon; exit code 1 if something fails."""
    from dsrlb.observe.doctor import diagnose

    instance = context.find_root().params.get("instance") or DEFAULT_INSTANCE
    told = _counted(instance), _unchecked(instance), partial(_clashing, instance)
    findings = [
        replace(finding, advice=of_instance(finding.advice))
        for finding in diagnose(instance, *told)
    ]
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            click.echo(f"{_MARKS[finding.ok]}  {finding.name}: {finding.value}")
            if finding.advice:
                click.echo(f"        {finding.advice}")
    context.exit(1 if any(finding.ok is False for finding in findings) else 0)


def _clashing(instance: str, config: Config, facts: HostFacts) -> list[Clash]:
    from dsrlb.control.hostclashes import all_clashes
    from dsrlb.control.probing.prefixes import occupied

    return [*all_clashes(config, facts, config), *occupied(config, facts, instance)]


def _counted(instance: str) -> dict[str, int]:
    """Packets by reason, of all interfaces; nothing when no daemon says."""
    from dsrlb.cli.client import Client

    total: dict[str, int] = {}
    try:
        rows = Client(instance).get("/stats")
    except DsrlbError:
        return total
    for row in rows:
        for reason, packets in row["reasons"].items():
            total[reason] = total.get(reason, 0) + packets
    return total


def _unchecked(instance: str) -> str | None:
    """Why real servers are not checked; None when no daemon says, as one of 0.1.0 does not."""
    from dsrlb.cli.client import Client

    try:
        told = Client(instance).get("/status").get("checks")
    except DsrlbError:
        return None
    return None if told is None else str(told)
