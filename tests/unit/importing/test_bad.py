# SPDX-License-Identifier: Apache-2.0
"""Files that are not what they should be: one error each, and no text breaks a reader."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dsrlb.config import parse
from dsrlb.config.files import LARGEST, text_of
from dsrlb.errors import ConfigError, Problem
from dsrlb.importing import from_ipvsadm, from_keepalived
from tests.unit.importing.conftest import Convert

SERVER = "virtual_server 192.0.2.1 80 {\n  real_server 192.0.2.2 80 {\n  }\n}\n"


def problem_of(convert: Convert, text: str) -> Problem:
    """The one problem of a text."""
    with pytest.raises(ConfigError) as caught:
        convert(text)
    (problem,) = caught.value.problems
    return problem


def test_what_is_good_here(convert: Convert) -> None:
    assert len(convert(SERVER).config.service) == 1


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (SERVER + "virtual_server 192.0.2.9 80 {\n", 5, "this block is not closed"),
        ("a {\n b {\n}\n", 1, "this block is not closed"),
        (SERVER + "}\n", 5, "there is no block that it could close"),
        ("{\n", 1, "there is no keyword"),
        ("a { }\n{\n", 2, "there is no keyword"),
        ("a {\n" * 33, 33, "more than 32 blocks"),
        ("", 1, "no virtual_server"),
        ("vrrp_instance A {\n}\n", 1, "no virtual_server"),
        ("virtual_server 192.0.2.1 80\n", 1, "no virtual_server"),
        (SERVER + "\x00\x01", 5, "this is no text"),
        ("$A=x $A y\n$A\n", 2, "expands without end"),
        ("$A=${B}${B}${B}\n$B=${A}${A}${A}\n$A\n", 3, "expands without end"),
        ("~SEQ(A, 1, 999) ~SEQ(B, 1, 999) x\n", 1, "expands without end"),
        ("~SEQ(A, 1, 999999999) x\n", 1, "more than 200,000 values"),
        ("~SEQ(A, 1, 0, 5) x\n", 1, "~SEQ(name"),
        ("~SEQ(A) x\n", 1, "~SEQ(name"),
        ("~SEQ(A, 1, 2, 3, 4) x\n", 1, "~SEQ(name"),
        ("~SEQ(A, x) x\n", 1, "~SEQ(name"),
        ("~LST(A) x\n", 1, "~LST(name"),
        ("~LST({A, B}, {1}) x\n", 1, "~LST(name"),
        ("~LST({A}{B}) x\n", 1, "~LST(name"),
        ("~OTHER(A) x\n", 1, "~SEQ(name"),
        ("include\n", 1, "a file or a pattern is missing"),
        (SERVER * 4097, 1, "at most 4,096 virtual servers"),
    ],
)
def test_keepalived(convert: Convert, text: str, line: int, says: str) -> None:
    problem = problem_of(convert, text)
    assert (problem.file, problem.line) == ("k.conf", line)
    assert says in problem.message


def test_nothing_to_carry_over(convert: Convert) -> None:
    with pytest.raises(ConfigError) as caught:
        convert("virtual_server fwmark 3 {\n}\n")
    first, last = map(str, caught.value.problems)
    assert first.startswith("k.conf:1: virtual_server fwmark 3 { ... } = not carried over: ")
    assert last == "k.conf: file = k.conf: no virtual server could be carried over"


def test_nested_expansion_of_a_long_value(convert: Convert) -> None:
    problem = problem_of(convert, f"$A={'x' * 100_000}\n$B={'${A}' * 1000}\n$B\n")
    assert "expands without end" in problem.message


@pytest.mark.parametrize("pattern", ["k.conf", "*.conf", "../d/k.conf"])
def test_an_endless_include(tmp_path: Path, pattern: str) -> None:
    folder = tmp_path / "d"
    folder.mkdir()
    path = folder / "k.conf"
    path.write_text(f"{SERVER}include {pattern}\n")
    with pytest.raises(ConfigError) as caught:
        from_keepalived(path.read_text(), str(path), folder)
    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.value) == (str(path), 5, pattern)
    assert "includes itself" in problem.message


def test_a_circle_of_includes(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("include b\n")
    (tmp_path / "b").write_text("\ninclude a\n")
    with pytest.raises(ConfigError) as caught:
        from_keepalived("include a\n", str(tmp_path / "k.conf"), tmp_path)
    (problem,) = caught.value.problems
    assert (problem.file, problem.line) == (str(tmp_path / "b"), 2)


def test_a_file_may_be_included_twice(tmp_path: Path) -> None:
    (tmp_path / "r").write_text("real_server 192.0.2.2 80 {\n}\n")
    servers = "".join(f"virtual_server 192.0.2.1 8{n} {{\ninclude r\n}}\n" for n in range(2))
    imported = from_keepalived(servers, str(tmp_path / "k.conf"), tmp_path)
    assert len(imported.config.service) == 2


def test_includes_too_deep(tmp_path: Path) -> None:
    for number in range(40):
        (tmp_path / f"f{number}").write_text(f"include f{number + 1}\n")
    with pytest.raises(ConfigError) as caught:
        from_keepalived("include f0\n", str(tmp_path / "k.conf"), tmp_path)
    (problem,) = caught.value.problems
    assert "32 deep" in problem.message


def test_includes_too_many(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x\n")
    with pytest.raises(ConfigError) as caught:
        from_keepalived("include f\n" * 1001, str(tmp_path / "k.conf"), tmp_path)
    (problem,) = caught.value.problems
    assert (problem.line, "1000 in all" in problem.message) == (1001, True)


def test_an_included_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"ok\n\xff\xfe\x00\n")
    with pytest.raises(ConfigError) as caught:
        from_keepalived("include b\n", str(tmp_path / "k.conf"), tmp_path)
    (problem,) = caught.value.problems
    assert (problem.file, problem.line) == (str(tmp_path / "b"), 2)


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "k.conf"
    with path.open("wb") as file:
        file.truncate(17 << 20)
    with pytest.raises(ConfigError) as caught:
        text_of(path)
    (problem,) = caught.value.problems
    assert problem.message == "over 16 MiB"


def test_the_largest_file(convert: Convert) -> None:
    """Its size is no reason: it is read to its end."""
    line = f"real_server 192.0.2.2 80 {{ }} # {'x' * 1000}\n"
    text = "virtual_server 192.0.2.1 80 {\n" + line * (LARGEST // len(line) - 1) + "}\n"
    assert len(convert(text).config.service[0].real) == 1


_KEYWORDS = (
    "virtual_server real_server group fwmark virtual_server_group lvs_sched lb_algo lvs_method "
    "protocol ops persistence_timeout sorry_server sorry_server_lvs_method weight uthreshold "
    "lthreshold status_code path digest virtualhost regex regex_no_match misc_path misc_timeout "
    "name type payload require_reply connect_port connect_ip connect_timeout retry delay_loop "
    "alpha quorum inhibit_on_failure url host vrrp_instance include sni_name sh-port"
)
_VALUES = (
    "{ } \n \n 192.0.2.1 192.0.2.2 10.0.0.1-5 10.0.0.1 10.0.0.2 2001:db8::1 2001:db8::1-9 "
    "198.18.0.1 127.0.0.1 80 443 http 0 1 65535 65536 -1 999999999999 0.05 rr wrr sh mh fo dh NAT "
    "DR TUN type gue ipip gre port TCP UDP SCTP / 200 200-299 x a.example /bin/x 0a yes off $A= "
    "$A ${A} ~SEQ(A,3) ~LST(A,1,2) @x @^x \\ \" ' # !"
)
_CHECKERS = "TCP_CHECK HTTP_GET SSL_GET MISC_CHECK DNS_CHECK UDP_CHECK PING_CHECK SMTP_CHECK url"
_OPTIONS = (
    "-A -a -t -u -f -r -s rr sh wlc fo -p -M -o -g -m -i -w 1 0 70000 -x -y --tun-type gue gre "
    "--tun-port -b sh-port, --pe -6 --weight=5 -w5 "
    "-gw -s= -p= --= 192.0.2.1:80 [2001:db8::1]:80 host:http 192.0.2.2:81 \n \n \n "
    "# -C"
)
_word = st.sampled_from(f"{_KEYWORDS} {_VALUES}".split(" "))
_rubbish = st.lists(_word, max_size=60).map(" ".join)
_tame = st.sampled_from([word for word in _VALUES.split(" ") if word not in ("{", "}", "\n", "\\")])
_line = st.tuples(st.sampled_from(_KEYWORDS.split()), st.lists(_tame, max_size=4)).map(
    lambda pair: f"{pair[0]} {' '.join(pair[1])}\n"
)
_lines = st.lists(_line, max_size=5).map("".join)
_checker = st.tuples(st.sampled_from(_CHECKERS.split()), _lines, _lines).map(
    lambda parts: f"{parts[0]} {{\n{parts[1]}url {{\n{parts[2]}}}\n}}\n"
)
_real = st.tuples(_tame, _tame, _lines, st.lists(_checker, max_size=2)).map(
    lambda parts: f"real_server {parts[0]} {parts[1]} {{\n{parts[2]}{''.join(parts[3])}}}\n"
)
_server = st.tuples(_tame, _tame, _lines, st.lists(_real, max_size=3)).map(
    lambda parts: f"virtual_server {parts[0]} {parts[1]} {{\n{parts[2]}{''.join(parts[3])}}}\n"
)
_servers = st.lists(_server, max_size=3).map(lambda found: SERVER + "".join(found))
_option = st.sampled_from(_OPTIONS.split(" "))
_rule = st.tuples(st.sampled_from(["-A", "-a"]), st.lists(_option, max_size=8)).map(
    lambda parts: f"{parts[0]} -t 192.0.2.1:80 -r 192.0.2.2:80 {' '.join(parts[1])}\n"
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.text(), _rubbish, _servers))
@example('a "\\')
@example("a \\x \\c \\777 \\xg")
@example("${A")
@example("@")
@example("$A=\\\n")
@example("include \x00")
@example("include {a,b")
@example("include ~/[")
def test_no_text_breaks_the_reader_of_keepalived(convert: Convert, text: str) -> None:
    try:
        imported = convert(text)
    except ConfigError as error:
        assert error.problems
        return
    assert parse(imported.toml("x"), "out.toml") == imported.config


@settings(max_examples=300)
@given(st.one_of(st.text(), st.lists(_rule, max_size=5).map("".join)))
@example("-A -t [")
@example("-A -t :")
@example("-A -t \u0661:80")
@example("-A -t 192.0.2.1:\u0661")
def test_no_text_breaks_the_reader_of_ipvsadm(text: str) -> None:
    try:
        imported = from_ipvsadm(text, "r", ("eth0",))
    except ConfigError as error:
        assert error.problems
        return
    assert parse(imported.toml("x"), "out.toml") == imported.config
