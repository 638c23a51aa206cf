# SPDX-License-Identifier: Apache-2.0
"""Commands that run the balancer or give it a whole configuration.

What one of them needs alone is imported by it: `run` wants to be quick, and asks no daemon.
"""

from __future__ import annotations

import os
import select
import tomllib
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dsrlb.cli.changes import adopt_vip_option, confirm_within, made, show_applied, show_plan
from dsrlb.cli.common import Stdin, behind, json_option, require_root, require_socket, text_given
from dsrlb.errors import ConfigError, NotRunning, Problem
from dsrlb.paths import for_instance

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator

    from dsrlb.config import Config
    from dsrlb.config.source import Origin
    from dsrlb.control.asking import Controller, Serve

_FILE = click.Path(path_type=Path)
_DASH = Path("-")
_STOP_MILLISECONDS = 10_000


@dataclass(frozen=True, slots=True)
class _Given:
    """A configuration as it was given to a command; what is validated is what is sent."""

    text: str
    shown: str
    """What errors call it."""
    filename: str
    """Its name for the daemon, which remembers files but not <what cannot be read again>."""
    config: Config
    origin: Origin


def _given(file: Path) -> _Given:
    """Read, once, and validate a file, or standard input for "-"; raises ConfigError."""
    from dsrlb.config.source import read

    source = Stdin("<stdin>") if file == _DASH else file
    text, shown = text_given(source), str(source)
    config, origin = read(text, shown, Path(source.parent))
    if source.is_file():
        filename = str(source.resolve())
    else:
        filename = shown if shown.startswith("<") else f"<{shown}>"  # such as a pipe
    return _Given(text, shown, filename, config, origin)


@dataclass(frozen=True, slots=True)
class _Sent:
    """A configuration as the daemon gets it."""

    config: Config
    toml: str
    filename: str
    merged: Origin | None  # includes were merged: where each part came from

    @contextmanager
    def true_places(self) -> Iterator[None]:
        """A refusal of what was merged names the files and lines that it was merged from."""
        from dsrlb.config.source import key_path

        try:
            yield
        except ConfigError as error:
            if self.merged is None:
                raise
            problems = []
            for problem in error.problems:
                place, line = self.merged.place(key_path(problem.key))
                problems.append(replace(problem, file=place, line=line))
            raise ConfigError(problems, error.hint) from error


def _sent(file: Path) -> _Sent:
    """Read and validate a file; includes are relative to it, so they are merged here."""
    from dsrlb.config import dump

    given = _given(file)
    if "include" not in tomllib.loads(given.text):
        return _Sent(given.config, given.text, given.filename, None)
    return _Sent(given.config, dump(given.config), given.filename, given.origin)


def _silence(ctx: click.Context, param: click.Parameter, text: str | None) -> int | None:
    """Seconds, as balancer.fail_open has them."""
    if text is None:
        return None
    from dsrlb.config.values import silence

    try:
        return silence(text)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from error


@click.command()
@click.option(
    "-c", "--config", "config_file", type=_FILE, metavar="FILE", help="Start with this file."
)
@click.option("--force", is_flag=True, help="Replace another XDP program on an interface.")
@adopt_vip_option
@click.option(
    "--fail-open",
    callback=_silence,
    metavar="TIME",
    help="As balancer.fail_open (5s or more), whatever the configuration says.",
)
@click.pass_context
def run(
    ctx: click.Context,
    config_file: Path | None,
    force: bool,
    adopt_vip: bool,
    fail_open: int | None,
) -> None:
    """Run the balancer in the foreground.

    It starts with the last accepted configuration; with FILE if that is given, and with
    /etc/dsrlb/dsrlb.toml when there was none yet. Stopping it leaves traffic untouched: `detach`
    takes everything off.
    """
    require_root()
    # numpy's BLAS would start threads, which nothing here uses, and which keep all capabilities.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    from dsrlb.control import start

    code = start.main(
        *(ctx.obj, config_file, _server), force=force, adopt_vip=adopt_vip, fail_open=fail_open
    )
    ctx.exit(code)


def _server() -> Serve:
    """What serves the API. FastAPI takes 0.3 s to import, and the application 0.1 s to make."""
    from dsrlb.api import app, server
    from dsrlb.control.threads import to_its_end

    async def serve(
        controller: Controller, socket: Path, ready: Callable[[], None], stop: asyncio.Event
    ) -> None:
        made = await to_its_end(lambda: app.create_app(controller))
        await server.serve(made, socket, ready, stop)

    return serve


@click.command()
@click.argument("file", type=_FILE)
@adopt_vip_option
@click.option(
    "--offline", is_flag=True, help="Look at FILE alone: on any machine, also without root."
)
@click.pass_obj
def check(instance: str, file: Path, adopt_vip: bool, offline: bool) -> None:
    """Validate FILE, alone and against this host's interfaces and addresses.

    FILE "-" is standard input.
    """
    from dsrlb.config import digest
    from dsrlb.control.desired.limits import exceeded

    if offline and adopt_vip:
        raise click.UsageError("--adopt-vip is about this host's addresses, --offline asks nothing")
    given = _given(file)
    config = given.config
    problems = [] if offline else _wrong_here(given, instance, adopt_vip)
    problems += exceeded(config, given.origin)
    if problems:
        raise ConfigError(problems)
    reals = sum(len(config.reals_of(service)) for service in config.service)
    counts = f"services: {len(config.service)}, reals: {reals}"
    click.echo(f"{given.shown}: ok; {counts} ({digest(config)})")


def _wrong_here(given: _Given, instance: str, adopt_vip: bool) -> list[Problem]:
    """What cannot work on this host."""
    from dsrlb.config import check_host
    from dsrlb.control.hostclashes import all_clashes
    from dsrlb.control.probing.prefixes import occupied
    from dsrlb.net.host import host_facts

    config, origin, facts = given.config, given.origin, host_facts()
    found = [*all_clashes(config, facts, adopt_vip=adopt_vip), *occupied(config, facts, instance)]
    return check_host(config, facts, origin) + [clash.problem(origin) for clash in found]


@click.command()
@click.argument("file", type=_FILE)
@json_option
@click.pass_obj
def plan(instance: str, file: Path, as_json: bool) -> None:
    """Show what `apply FILE` would change; changes nothing. FILE "-" is standard input.

    Without a running daemon FILE is compared with what ran last.
    """
    require_socket(instance)
    from dsrlb.cli.client import Client

    sent = _sent(file)
    try:
        with sent.true_places():
            view = Client(instance).post("/plan", toml=sent.toml, filename=sent.filename)
    except NotRunning:
        require_root()
        from dsrlb.control.revisions import offline as offlinerevisions

        view = offlinerevisions.plan(instance, sent.config)
    show_plan(view, as_json)


@click.command()
@click.argument("file", type=_FILE)
@adopt_vip_option
@confirm_within
@json_option
@click.pass_obj
def apply(
    instance: str, file: Path, adopt_vip: bool, confirm_within: int | None, as_json: bool
) -> None:
    """Make FILE the running configuration; existing flows go on. FILE "-" is standard input.

    It is a new revision; `dsrlb rollback` goes back to the one before.
    """
    require_socket(instance)
    sent = _sent(file)
    body: dict[str, Any] = {"toml": sent.toml, "filename": sent.filename, "adopt_vip": adopt_vip}
    body |= {"confirm_within": confirm_within, "behind": behind()}
    try:
        with sent.true_places():
            view = made(instance, "/apply", as_json, **body)
    except NotRunning as error:
        from dsrlb.observe.holder import holder

        if file == _DASH or holder(for_instance(instance)) is not None:
            raise
        raise NotRunning(error.message, hint=f"`dsrlb run -c {file}` starts it") from error
    show_applied(view, as_json)


@click.command()
@click.pass_obj
def detach(instance: str) -> None:
    """Take everything off this host: program, maps, settings; flows end.

    A running daemon is stopped. The saved configuration stays.
    """
    require_socket(instance)
    from dsrlb.cli.client import Client

    client = Client(instance)
    try:
        with _ended(client.get("/status")["pid"]):
            done = client.post("/detach")["done"]
    except NotRunning:
        require_root()
        from dsrlb.control import offline

        done = offline.detach(instance)
    for line in done or ["nothing to detach"]:
        click.echo(line)


@contextmanager
def _ended(pid: int) -> Iterator[None]:
    """Wait, after the block, until a process has ended (at most 10 s)."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        yield
        return
    try:
        yield
        poll = select.poll()
        poll.register(process, select.POLLIN)
        poll.poll(_STOP_MILLISECONDS)
    finally:
        os.close(process)
