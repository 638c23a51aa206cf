# SPDX-License-Identifier: Apache-2.0
"""What is written reads back as the same."""

from __future__ import annotations

import tomli_w
from hypothesis import given, settings

from dsrlb.config import Config, Group, Service, digest, dump, parse, render
from dsrlb.config.render import table_of
from tests.unit.config.configs import CONFIGS, TEXT


@settings(max_examples=60, deadline=None)
@given(CONFIGS)
def test_what_is_written_reads_back(config: Config) -> None:
    again = parse(dump(config), "dump.toml")
    assert again == config
    assert dump(again) == dump(config)
    assert digest(again) == digest(config)


def test_the_table_of_a_method_has_its_keys_alone() -> None:
    text = TEXT.replace("l2dsr", "l3dsr")
    methods = {
        'method = "dscp"\ndscp = 12\n': 'method = "dscp"\ndscp = 12\n',
        'method = "ipip"\n': 'method = "ipip"\n',
        'method = "gue"\n': 'method = "gue"\ngue_port = 6080\n',
    }
    for given_text, written in methods.items():
        config = parse(f"{text}[service.l3dsr]\n{given_text}", "x")
        assert dump(config).endswith(f"\n[service.l3dsr]\n{written}")


def test_what_belongs_to_some_modes_is_written_where_it_is_set() -> None:
    assert "snat" not in dump(parse(TEXT, "x"))
    text = TEXT.replace('mode = "l2dsr"', 'mode = "one-arm"\nmss_clamp = 1400') + "port = 8080\n"
    pool = '[service.snat]\npool = ["192.0.2.200-192.0.2.203", "192.0.2.240/31"]\n'
    written = dump(parse(text + pool, "x"))
    assert written.endswith(
        '[service.snat]\npool = [\n    "192.0.2.200-192.0.2.203",\n'
        '    "192.0.2.240-192.0.2.241",\n]\n'
    )
    assert "mss_clamp = 1400\n" in written
    assert "port = 8080 }" in written
    assert parse(written, "x") == parse(text + pool, "x")


@settings(max_examples=40, deadline=None)
@given(CONFIGS)
def test_real_servers_are_written_as_by_tomli_w(config: Config) -> None:
    """Each in a line of its own, where all fit into one; else by tables."""
    elements: tuple[Group | Service, ...] = (*config.group, *config.service)
    for element in elements:
        kind = "group" if element in config.group else "service"
        whole = tomli_w.dumps({kind: [table_of(element)]})
        if whole.startswith("[["):  # an empty group would have no table of its own
            assert render._text_of(element) == whole
    assert dump(config) == "\n".join(dump(config).pieces)


def test_an_empty_group_has_its_table() -> None:
    text = '[balancer]\ninterfaces = ["eth0"]\n[[group]]\nname = "g"\n'
    config = parse(text, "x")
    assert dump(config).endswith('\n[[group]]\nname = "g"\nreal = []\n')
    assert parse(dump(config), "again") == config
