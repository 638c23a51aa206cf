# SPDX-License-Identifier: Apache-2.0
"""What events tell of a configuration that is wrong."""

from __future__ import annotations

import pytest

from dsrlb.config import parse
from dsrlb.config.secrets import told
from dsrlb.errors import ConfigError, Problem, StateError

TEXT = """
[balancer]
interfaces = ["eth0"]
[[service]]
name = "web"
vip = "192.0.2.10"
protocol = "tcp"
port = 80
mode = "l2dsr"
real = [{ address = "10.0.0.11" }]
"""


@pytest.mark.parametrize(
    "line",
    [
        'health = { type = "command", command = ["relative", "--password=s3cret"] }',
        'health = { type = "http", send = "s3cret" }',
        'health = { type = "http", host = "s3cret host" }',
        'health = { type = "command", command = [7, "s3cret"] }',
        'health.comand = ["/bin/check", "--password=s3cret"]',
        'health = { type = "command", timeout = "s3cret" }',
        'health.path = "?token=s3cret"',
        'health = "s3cret"',
        'helth = { command = ["/bin/check", "--password=s3cret"] }',
        'helth.send = "s3cret"',
        'snat = { send = "s3cret" }',
        'l3dsr.command = ["/bin/check", "s3cret"]',
        'mode.health = { send = "s3cret" }',
        'health = { command = ["/bin/check", --password=s3cret"] }',
        'health.command = ["/bin/check", "--password=s3cret]',
        "health.command = --password=s3cret",
    ],
)
def test_no_secret_is_told(line: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse(TEXT + line, "test.toml")
    text = told(refused.value)
    assert "s3cret" not in text
    assert text.startswith("test.toml:11: ")
    problems = refused.value.problems
    assert all(problem.key in text and problem.message in text for problem in problems)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("file", "/etc/dsrlb/dsrlb.toml"),
        ("include", "conf.d/*.toml"),
        ("verb", "real-sett"),
        ("real", "10.0.0.11"),
        ("service[0].port", "0"),
        ("service[0].health.command", "(absent)"),
    ],
)
def test_what_is_no_secret_is_told(key: str, value: str) -> None:
    """Else nobody knew what to mend."""
    assert value in told(ConfigError([Problem("f", None, key, value, "wrong")]))


def test_where_toml_ends_is_told() -> None:
    with pytest.raises(ConfigError) as refused:
        parse(TEXT + 'health.send = "s3cret" s3cret', "test.toml")
    wanted = "test.toml:11: TOML = ***: Expected newline or end of document after a statement"
    assert told(refused.value) == f"{wanted} (column 24)"


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace("[[service]]", "[service]") + 'health.send = "s3cret"',
        TEXT + '[[servce]]\nhealth.send = "s3cret"',
        TEXT + '"name.send" = "s3cret"',
        TEXT + '[servce]\nhealth.send = "s3cret"',
        "service = [[{ send = 's3cret' }]]",
        TEXT.replace("real =", "vip_ = 1 #") + 'real = { send = "s3cret" }',
        TEXT.replace('vip = "192.0.2.10"', 'vip = [{ send = "s3cret" }, 7]'),
    ],
)
def test_nor_is_what_a_table_in_the_wrong_place_holds(text: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse(text, "test.toml")
    assert "s3cret" not in told(refused.value)


def test_lines_cannot_be_forged() -> None:
    with pytest.raises(ConfigError) as refused:
        parse(TEXT + 'on_down = "\\nINFO \\u001b[31m"', "test.toml")
    assert told(refused.value).isprintable()
    assert r'"\nINFO \x1b[31m"' in told(refused.value)


def test_everything_else_is() -> None:
    with pytest.raises(ConfigError) as refused:
        parse(TEXT + "on_down = 7", "test.toml")
    assert told(refused.value) == refused.value.message
    assert told(StateError("no room")) == "no room"
