# SPDX-License-Identifier: Apache-2.0
"""How changes are told: what changes, whether flows are affected, what runs, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dsrlb.cli.client import Client
from dsrlb.cli.common import of_instance, print_json
from dsrlb.errors import Overtaken
from dsrlb.printable import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dsrlb.control.statusviews import RevisionsView
    from dsrlb.control.views import AppliedView, Change, PlanView, PreparedView

_LONGEST = 86400
_TIMES = 5
"""That a change is tried when others come in between."""
_SIGNS = {"add": "+", "change": "~", "remove": "-"}


def _seconds(ctx: click.Context, param: click.Parameter, text: str | None) -> int | None:
    from dsrlb.control.flows.query import seconds

    if text is None:
        return None
    try:
        found = seconds(text)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from error
    if not 1 <= found <= _LONGEST:
        raise click.BadParameter(f"{text!r}: between 1s and 1d", ctx, param)
    return found


confirm_within = click.option(
    "--confirm-within",
    callback=_seconds,
    metavar="TIME",
    help="Go back by itself unless `dsrlb confirm` comes within this time, such as 60s.",
)


adopt_vip_option = click.option(
    "--adopt-vip", is_flag=True, help="Take VIPs off this host's own interfaces."
)


def command(words: str) -> str:
    """A dsrlb command of this instance, to be copied."""
    return of_instance(f"dsrlb {words}")


def print_changes(changes: Sequence[Change]) -> None:
    """A line for each."""
    for change in changes:
        detail = f": {change['detail']}" if change["detail"] else ""
        flows = "  (existing flows are affected)" if change["affects_flows"] else ""
        click.echo(printable(f"{_SIGNS[change['kind']]} {change['what']}{detail}{flows}"))


def _flows(view: PlanView) -> str:
    affected = sum(change["affects_flows"] for change in view["changes"])
    return (
        f"existing flows: affected by {affected} of these"
        if affected
        else "existing flows: none affected"
    )


def _hashes(view: PlanView) -> str:
    return f"{view['hash_before'] or 'nothing'} -> {view['hash_after']}"


def show_plan(view: PlanView, as_json: bool) -> None:
    """Print what would change."""
    if as_json:
        print_json(view)
        return
    print_changes(view["changes"])
    if view["hash_before"] == view["hash_after"]:
        click.echo(f"no changes (configuration {view['hash_after']})")
        return
    click.echo(f"would apply: {_hashes(view)}")
    back = view["way_back"]
    way = (
        f"back to {back} then: {command('rollback')}" if back else "no way back: nothing ran before"
    )
    click.echo(f"{_flows(view)}; {way}")


def made(instance: str, path: str, as_json: bool, **body: Any) -> AppliedView:
    """Have the daemon make a change: only when all of it is checked and the way back is printed.
    When another change comes in between it begins anew, but not the way back from what runs, which
    would be another one. Raises DsrlbErrors."""
    client = Client(instance)
    times = 1 if path == "/rollback" and body["revision"] is None else _TIMES
    for left in reversed(range(times)):
        prepared = client.post(f"{path}/prepare", **body)
        tell_way_back(prepared, as_json, body.get("confirm_within"))
        try:
            view: AppliedView = client.post(path, **body, expected=prepared["running"])
        except Overtaken as error:
            if not left:
                raise
            click.echo(f"{error.message}: checked again", err=True)
            continue
        return view
    raise AssertionError(_TIMES)


def tell_way_back(view: PreparedView, as_json: bool, confirm_within: int | None = None) -> None:
    """Print, before a change, how it is taken back: who loses the connection by it has read that.
    Beside JSON it is told on standard error."""
    if view["recorded"]:
        itself = f", by itself in {confirm_within} s" if confirm_within else ""
        click.echo(printable(f"{way_back_text(view)}{itself}"), err=as_json)


def way_back_text(view: PreparedView) -> str:
    """How a change would be taken back."""
    back = view["way_back"]
    if back is None:
        return "way back: none, there is no earlier revision"
    name = f"revision {back}"
    if view["way_back_obstacle"]:
        return f"way back: none to {name} now: {view['way_back_obstacle']}"
    told = f"{view['way_back_what']}, {view['way_back_time']}"
    return f"way back: `{command('rollback')}`, to {name} ({told})"


def show_applied(view: AppliedView, as_json: bool) -> None:
    """Print what was changed, what runs now, and the way back."""
    if as_json:
        print_json(view)
        return
    print_changes(view["changes"])
    if view["hash_before"] == view["hash_after"]:
        click.echo(f"no changes (configuration {view['hash_after']})")
    else:
        click.echo(f"applied: {_hashes(view)}; {_flows(view)}")
    click.echo(printable(_running(view)))


def _running(view: AppliedView) -> str:
    if view["revision"] is None:
        return f"in force, and not recorded: the history cannot be written ({command('status')})"
    back, left = view["way_back"], view["confirm_seconds"]
    if left is not None:
        return (
            f"revision {view['revision']} is running for {left:.0f} s, then {back} by itself; "
            f"keep it: {command('confirm')}; back at once: {command('rollback')}"
        )
    text = f"revision {view['revision']} is running; "
    if back is None:
        return text + "there is no earlier one to go back to"
    if view["way_back_obstacle"]:
        return text + f"no way back to {back} now: {view['way_back_obstacle']}"
    return text + f"back to {back}: {command('rollback')}"


def revisions_text(view: RevisionsView) -> str:
    """Which runs, what it waits for, and what is wrong with the history."""
    lines = []
    if view["running"] is not None:
        back = view["way_back"]
        lines.append(f"{view['running']}" + (f", way back: {back}" if back is not None else ""))
    if (waiting := view["confirm"]) is not None:
        left = f"{waiting['seconds_left']:.0f} s left, then back to {waiting['way_back']}"
        lines.append(f"waits for `{command('confirm')}`: {left}")
    trouble = f"cannot be recorded: {view['trouble']}" if view["trouble"] else ""
    return "\n".join(filter(None, [*lines, trouble, view["lost"]]))
