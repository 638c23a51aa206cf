# SPDX-License-Identifier: Apache-2.0
"""Single lines of `ipvsadm --save`, and what becomes of them; those that are wrong stop nothing."""

from __future__ import annotations

import pytest

from dsrlb.errors import ConfigError
from dsrlb.importing import from_ipvsadm
from tests.unit.importing.conftest import Convert
from tests.unit.importing.statements import text as keepalived

RULES = "-A -t 192.0.2.1:80 -s rr\n-a -t 192.0.2.1:80 -r 192.0.2.2:80 -g -w 5\n"
REAL = "-a -t 192.0.2.1:80 -r 192.0.2.3:80"


@pytest.mark.parametrize("text", ["", "# nothing\n", "virtual_server 1 {\n" * 3, "\x00\x01"])
def test_what_is_no_file_of_ipvsadm(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        from_ipvsadm(text, "r")
    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.key) == ("r", 1, "file")
    assert "no virtual server: no line begins with -A" in problem.message


def test_nothing_left_of_a_file_of_ipvsadm() -> None:
    with pytest.raises(ConfigError) as caught:
        from_ipvsadm("-A\n" + REAL, "r")
    first, second, last = map(str, caught.value.problems)
    assert first.startswith("r:1: -A = not carried over: -A : one virtual server: -t, -u or -f")
    assert second.startswith(f"r:2: {REAL} = not carried over: -t 192.0.2.1:80: there is no line")
    assert last == "r: file = r: no virtual server could be carried over"


def test_of_thousands_of_reasons_a_hundred_are_told() -> None:
    with pytest.raises(ConfigError) as caught:
        from_ipvsadm(f"{REAL}\n" * 3000, "r")
    assert len(caught.value.problems) == 101
    assert "and 2,900 more lines were not" in caught.value.problems[-1].message


@pytest.mark.parametrize(
    ("line", "reals", "says"),
    [
        ("virtual_server 1 {", 1, "begins with -A or -a"),
        ("\x00\x01", 1, "begins with -A or -a"),
        ("-A", 1, "-t, -u or -f"),
        ("-A -t 192.0.2.9:80 -u 192.0.2.9:80", 1, "-t, -u or -f"),
        ("-A -t", 1, "-t : a value is missing"),
        ("-A -t 192.0.2.9:99999", 1, "a number from 0 to 65535"),
        ("-A -t 192.0.2.999:80", 1, "an address such as"),
        ("-A -t [::1%eth0]:80", 1, "an address such as"),
        ("-A -t 192.0.2.1:80 -s wrr", 1, "-t 192.0.2.1:80: this virtual server stands twice"),
        ("-a -t 192.0.2.9:80 -r 192.0.2.2:80", 1, "there is no line -A of this virtual server"),
        ("-a -t 192.0.2.1:80", 1, "the real server is missing"),
        (f"{REAL} -i --tun-type gue --tun-port 0", 1, "--tun-port 0: a number from 1 to 65535"),
        (f"{REAL} -w 65536", 2, "-w 65536: a number from 0 to 65535; 1 is taken, as without it"),
        (f"{REAL} -w -12", 2, "-w -12: a number from 0 to 65535; 1 is taken"),
        (f"{REAL} --weight=x", 2, "-w x: a number from 0 to 65535; 1 is taken"),
        (f"{REAL} --nonsense", 2, "--nonsense: no option of `ipvsadm --save`"),
        (f"{REAL} --nonsense=3 -g", 2, "--nonsense 3: no option of"),
        (f"{REAL} -Z 3 -g", 2, "-Z 3: no option of"),
    ],
)
def test_a_line_that_is_wrong_stops_nothing(line: str, reals: int, says: str) -> None:
    imported = from_ipvsadm(f"{RULES}{line}\n", "r", ("eth0",))
    (service,) = imported.config.service
    assert (service.algorithm, len(service.real)) == ("round-robin", reals)
    assert [real.weight for real in service.real] == [5, 1][:reals]
    (note,) = [note for note in imported.notes if note.place.line == 3]
    assert note.kind == "not carried over"
    assert says in f"{note.what}: {note.why}"


def test_a_persistence_that_is_none() -> None:
    imported = from_ipvsadm(RULES.replace("-s rr", "-s rr -p x"), "r", ("eth0",))
    assert imported.config.service[0].persistence == 0
    assert "-p x: a number from 0 to " in "\n".join(map(str, imported.notes))


@pytest.mark.parametrize(
    ("service", "real"),
    [
        ("--add-service --tcp-service=192.0.2.1:80 --scheduler=wrr --persistent=60", "--weight=7"),
        ("-At 192.0.2.1:80 -swrr -p60", "-gw 7"),
        ("-A -t192.0.2.1:80 -s=wrr -p=60", "-w=7 -n"),
        ("-A -t 192.0.2.1:80 -s wrr -op 60", "-w7"),
    ],
)
def test_forms_of_options(service: str, real: str) -> None:
    text = f"{service}\n-a -t 192.0.2.1:80 -r 192.0.2.2:80 {real}\n"
    imported = from_ipvsadm(text, "r", ("eth0",))
    (found,) = imported.config.service
    assert (found.algorithm, found.persistence) == ("weighted-round-robin", 60)
    assert found.real[0].weight == 7


@pytest.mark.parametrize("mark", ["-f 5", "--sctp-service 192.0.2.30:3868", "-t vip.example:80"])
def test_real_servers_of_what_is_left_out(mark: str) -> None:
    """Each by its line; wrong ones need no other words."""
    lost = f"-A {mark}\n-a {mark} -r 192.0.2.31:0 -w x\n-a {mark} -r 192.0.2.32:0\n"
    notes = [note for note in from_ipvsadm(RULES + lost, "r").notes if note.place.line > 3]
    assert [(note.place.line, note.what) for note in notes] == [
        (4, "real server 192.0.2.31:0"),
        (5, "real server 192.0.2.32:0"),
    ]
    assert {note.why for note in notes} == {"its virtual server is not carried over"}


@pytest.mark.parametrize(
    ("service", "mask", "kept"),
    [
        ("-t 192.0.2.1:80", "255.255.255.255", True),
        ("-t 192.0.2.1:80", "255.255.255.0", False),
        ("-t [2001:db8::1]:80", "128", True),
        ("-t [2001:db8::1]:80", "64", False),
    ],
)
def test_a_mask_of_whole_addresses_is_what_persistence_does(
    convert: Convert, service: str, mask: str, kept: bool
) -> None:
    real = "[2001:db8::2]:80" if "::" in service else "192.0.2.2:80"
    text = f"-A {service} -s rr -p 60 -M {mask}\n-a {service} -r {real} -g\n"
    notes = map(str, from_ipvsadm(text, "r", ("eth0",)).notes)
    assert any(f"-M {mask}" in note for note in notes) != kept
    lines = f"persistence_timeout 60\npersistence_granularity {mask}"
    told = convert(keepalived(server=lines)).notes
    assert any("persistence_granularity" in note.what for note in told) != kept
