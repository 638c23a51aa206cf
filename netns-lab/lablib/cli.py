# SPDX-License-Identifier: Apache-2.0
"""`netns-lab/lab`: up, down, status, exec, shell, capture, demo, compare."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType

import click

from lablib import demo as demos
from lablib import network, topofile
from lablib.capture import Capture
from lablib.compare import cases as algorithms
from lablib.compare import run as comparing
from lablib.compare.network import CompareLab
from lablib.daemons import LARGE_BYTES
from lablib.lab import Lab
from lablib.shell import BUILD, LabError, inside, processes_in

_NAME = click.argument("name", default="l2dsr")


_MARKED = re.compile(r"(?<!\S)\*\S+")


def _say(line: str) -> None:
    """Print a line of a report: changed fields bold, verdicts coloured, where that can be seen."""
    line = _MARKED.sub(lambda field: click.style(field[0], bold=True), line)
    for word, colour in (("PASS", "green"), ("FAIL", "red")):
        if line.startswith(word):
            line = click.style(word, fg=colour) + line.removeprefix(word)
    click.echo(line)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt(number)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let nobody interrupt the cleaning up."""
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _down(lab: Lab) -> list[str]:
    with _undisturbed():
        return lab.down()


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Networks of namespaces with real clients, real servers and dsrlb between them.

    NAME is a topology of netns-lab/topologies, or a topology file of your own.
    """


@cli.command(name="list")
def list_() -> None:
    """The topologies that there are."""
    for name in topofile.names():
        state = "up" if Lab(topofile.load(name)).is_up() else "down"
        click.echo(f"{name:<12} {state}")


@cli.command()
@_NAME
@click.option("--no-balancer", is_flag=True, help="Do not start dsrlb.")
def up(name: str, no_balancer: bool) -> None:
    """Build the network, start the servers and the balancer. Up already: build it anew."""
    lab = Lab(topofile.load(name))
    try:
        lab.up(balancer=not no_balancer)
    except BaseException:
        _down(lab)
        raise
    for node in lab.topology.nodes:
        click.echo(f"{node.name:<8} {node.role:<9} {' '.join(map(str, node.addresses))}")
    click.echo(f"VIPs     {' '.join(map(str, lab.topology.vips))}")
    click.echo(f"next: netns-lab/lab exec {name} client curl http://{lab.topology.vips[0]}/name")


@cli.command()
@_NAME
@click.option("--all", "everything", is_flag=True, help="Every topology of netns-lab/topologies.")
def down(name: str, everything: bool) -> None:
    """Remove the network and all that runs in it.

    --all does not know topology files of your own: name each.
    """
    for one in topofile.names() if everything else [name]:
        for line in _down(Lab(topofile.load(one))):
            click.echo(f"removed {line}")


@cli.command()
@_NAME
def status(name: str) -> None:
    """What is there: nodes, their processes, and what dsrlb says."""
    lab = Lab(topofile.load(name))
    there = set(network.present(lab.topology.name))
    if not there:
        click.echo(f"{name} is down")
        sys.exit(1)
    for place in lab.topology.places:
        namespace = lab.topology.namespace(place)
        state = "up" if namespace in there else "MISSING"
        names = [Path(f"/proc/{pid}/comm").read_text().strip() for pid in processes_in(namespace)]
        click.echo(f"{place:<8} {state:<8} {namespace:<24} {' '.join(sorted(names))}")
    if not lab.is_up():
        raise LabError(f"{name} is half built; `netns-lab/lab up {name}` builds it anew")
    click.echo(lab.dsrlb("status", check=False).rstrip())


_PASS_ON = {"ignore_unknown_options": True, "allow_interspersed_args": False}


def _running(name: str) -> Lab:
    lab = Lab(topofile.load(name))
    if not lab.is_up():
        raise LabError(f"{name} is not up; netns-lab/lab up {name}")
    return lab


def _on_node(lab: Lab, node: str, argv: list[str]) -> int:
    """Run a command on a node with this terminal; `dsrlb` is the lab's own instance."""
    if node not in lab.topology.places:
        places = ", ".join(sorted(lab.topology.places))
        raise LabError(f"no node {node!r}; there are: {places}")
    if argv[0] == "dsrlb":
        argv = [*lab.program, *argv[1:]]
    env = {**lab.environment(node), "PS1": f"{node}# "}
    return subprocess.run(
        inside(lab.topology.namespace(node), argv), env=env, check=False
    ).returncode


@cli.command(name="exec", context_settings=_PASS_ON)
@click.argument("name")
@click.argument("node")
@click.argument("command", nargs=-1, required=True)
def exec_(name: str, node: str, command: tuple[str, ...]) -> None:
    """Run a command on a node; `dsrlb` is the lab's own: the balancer's instance on lb.

    For example: lab exec l2dsr lb dsrlb reals
    """
    sys.exit(_on_node(_running(name), node, list(command)))


@cli.command()
@click.argument("name")
@click.argument("node")
def shell(name: str, node: str) -> None:
    """A shell on a node."""
    argv = [os.environ.get("SHELL", "/bin/bash")]
    if Path(argv[0]).name == "bash":
        argv += ["--norc"]  # it would set another prompt
    sys.exit(_on_node(_running(name), node, argv))


@cli.command()
@_NAME
@click.option("-w", "--write", "folder", type=click.Path(path_type=Path), help="Folder for pcaps.")
@click.option("--filter", "filter_", default="", help="tcpdump's filter expression.")
def capture(name: str, folder: Path | None, filter_: str) -> None:
    """Capture on every link until Ctrl-C."""
    lab = _running(name)
    taken = Capture(lab, folder or BUILD / "capture" / lab.topology.name, filter_)
    taken.start()
    click.echo(f"capturing at {', '.join(point for point, _, _ in taken.points)}; Ctrl-C ends it")
    try:
        signal.pause()
    except KeyboardInterrupt:
        pass
    finally:
        with _undisturbed():
            taken.stop()
    for point, _, _ in taken.points:
        click.echo(f"{len(taken.frames(point)):>8} frames  {taken.path(point)}")


@cli.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--keep", is_flag=True, help="Leave the network up afterwards.")
@click.option(
    "--requests",
    type=click.IntRange(min=30),
    default=demos.REQUESTS,
    help="Per family and service.",
)
@click.option(
    "--download",
    type=click.IntRange(1, LARGE_BYTES >> 20),
    metavar="MB",
    default=LARGE_BYTES >> 20,
    help="Size of the download, per family.",
)
@click.option("--output", type=click.Path(path_type=Path), help="Folder; default build/demo.")
def demo(
    names: tuple[str, ...], keep: bool, requests: int, download: int, output: Path | None
) -> None:
    """Real clients through the mode; every frame checked; fails unless all promises hold.

    Without a NAME, or with `all`, every mode and method, one after the other.
    """
    every = topofile.demos() if set(names) <= {"all"} else names
    labs = [Lab(topofile.load(name)) for name in every]
    run = partial(demos.run, say=_say, requests=requests, download=download << 20, output=output)
    failed = [lab.topology.name for lab in labs if not _demo(lab, run, keep)]
    click.echo(f"\nall reports: {(output or demos.DEMOS) / 'index.html'}")
    if failed:
        click.echo(f"NOT VERIFIED: {', '.join(failed)}")
    sys.exit(1 if failed else 0)


def _demo(lab: Lab, run: Callable[[Lab], bool], keep: bool) -> bool:
    try:
        nodes = ", ".join(node.name for node in lab.topology.nodes)
        click.echo(f"building {lab.topology.name}: {nodes}")
        lab.up()
        return run(lab)
    finally:
        if not keep:
            _down(lab)


@cli.command()
@click.argument("name", default="algorithms")
@click.option("--algorithms", "names", metavar="A,B", help="Only these.")
@click.option(
    "--seconds",
    type=click.FloatRange(min=1),
    default=comparing.SECONDS,
    show_default=True,
    help="How long connections begin, in each case.",
)
@click.option("--seed", default=comparing.SEED, show_default=True, help="Of the load.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default=comparing.FOLDER,
    help="Folder; default build/compare.",
)
def compare(name: str, names: str | None, seconds: float, seed: int, output: Path) -> None:
    """All algorithms under the same load, on real servers of different speed; a page of it."""
    try:
        cases = algorithms.chosen(names)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    lab = CompareLab(topofile.load(name))
    try:
        click.echo(f"building {lab.topology.name}")
        lab.up()
        comparing.run(lab, cases, seconds, seed, output, click.echo)
    finally:
        _down(lab)
    click.echo(f"\nopen {output / 'index.html'}; results.json is beside it")


def main() -> int:
    """Run the command line; returns the exit code."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    if os.geteuid() != 0:
        click.echo("lab: network namespaces need root", err=True)
        return 1
    try:
        cli.main(prog_name="lab", standalone_mode=False)
    except LabError as error:
        click.echo(f"lab: {error}", err=True)
        return 1
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("lab: interrupted", err=True)
        return 130
    return 0
