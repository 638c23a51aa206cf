# SPDX-License-Identifier: Apache-2.0
"""The decapsulation of a real server: every case, every way to cut it short, bits at random."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import astuple, dataclass
from ipaddress import ip_address

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsrlb.dataplane import artifact, bpf, decap
from dsrlb.dataplane.decap import Decapsulation, Tables
from tests.packets.cases.case import Case
from tests.packets.cases.decap.ecn import ECN
from tests.packets.cases.decap.gue import GUE
from tests.packets.cases.decap.ipip import IPIP
from tests.packets.cases.decap.malformed import MALFORMED
from tests.packets.cases.decap.refused import REFUSED
from tests.packets.checksums import wrong_checksums
from tests.packets.decap_model import TABLES, Opened, decapsulate

ALL: list[Case] = [*IPIP, *GUE, *ECN, *REFUSED, *MALFORMED]
HELD = [case for case in ALL if case.reason]
VERDICTS = {bpf.XDP_DROP: "drop", bpf.XDP_PASS: "pass"}
COUNTS = ("ipip", "gue", "congested", "failed")


@dataclass
class Program:
    """The loaded program; run() a frame."""

    decapsulation: Decapsulation

    def run(self, frame: bytes) -> Opened:
        """One frame; tells which counter has grown."""
        before = astuple(self.decapsulation.counts())
        result = bpf.prog_test_run(self.decapsulation.program_fd, frame)
        after = astuple(self.decapsulation.counts())
        grown = [name for name, b, a in zip(COUNTS, before, after, strict=True) if a != b]
        assert sum(after) - sum(before) == len(grown) <= 1
        return Opened(VERDICTS[result.code], result.frame, "".join(grown))


@pytest.fixture(scope="module")
def program() -> Iterator[Program]:
    with closing(Decapsulation.load(TABLES)) as loaded:
        yield Program(loaded)


def expected(case: Case) -> Opened:
    return Opened(case.verdict, case.expected, case.reason)


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.id)
def test_case(program: Program, case: Case) -> None:
    assert program.run(case.sent) == expected(case)


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.id)
def test_the_model_agrees_with_the_case(case: Case) -> None:
    assert decapsulate(case.sent) == expected(case)


def test_ids_are_unique() -> None:
    assert len({case.id for case in ALL}) == len(ALL)


def test_checksums_of_what_is_left() -> None:
    """All added up, and a bit changed shows."""
    for case in HELD:
        assert not wrong_checksums(case.expected), case.id
    changed = bytearray(IPIP[0].expected)
    changed[40] ^= 1
    assert wrong_checksums(bytes(changed))


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.id)
def test_cut_anywhere(program: Program, case: Case) -> None:
    """A frame that ends too early is the kernel's; one whose padding is cut is as good."""
    for end in range(14, len(case.sent)):
        cut = case.sent[:end]
        assert program.run(cut) == decapsulate(cut), end


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.id)
def test_any_bit_wrong(program: Program, case: Case) -> None:
    """Each bit of the headers, one at a time."""
    for bit in range(12 * 8, min(len(case.sent), 120) * 8):
        changed = bytearray(case.sent)
        changed[bit // 8] ^= 0x80 >> bit % 8
        assert program.run(bytes(changed)) == decapsulate(bytes(changed)), bit


@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_bytes_at_random(program: Program, data: st.DataObject) -> None:
    """Several bytes of a case, and its end."""
    frame = bytearray(data.draw(st.sampled_from(ALL)).sent)
    places = st.integers(12, len(frame) - 1)
    for at, value in data.draw(st.dictionaries(places, st.integers(0, 255), max_size=4)).items():
        frame[at] = value
    frame += data.draw(st.binary(max_size=20))
    del frame[data.draw(st.integers(14, len(frame))) :]
    assert program.run(bytes(frame)) == decapsulate(bytes(frame))


@pytest.mark.parametrize(
    ("tables", "opened"),
    [
        (Tables({}, TABLES.reals, TABLES.gue_port), {""}),
        (Tables(TABLES.vips, frozenset(), TABLES.gue_port), {""}),
        (Tables(TABLES.vips, TABLES.reals, 0), {"", "ipip", "congested"}),
    ],
    ids=["no vip", "no own address", "no port"],
)
def test_what_is_not_named_is_not_opened(tables: Tables, opened: set[str]) -> None:
    with closing(Decapsulation.load(tables)) as loaded:
        found = [(Program(loaded).run(case.sent), case.sent) for case in ALL]
    assert [result for result, _ in found] == [decapsulate(sent, tables) for _, sent in found]
    assert {result.count for result, _ in found} == opened


def test_tables_are_written_while_it_runs() -> None:
    """What is taken out is not opened any more; what stays is; the program is the same."""
    with closing(Decapsulation.load(Tables())) as loaded:
        program = Program(loaded)
        assert program.run(IPIP[0].sent).count == ""
        loaded.write(TABLES)
        assert loaded.read() == TABLES
        assert program.run(IPIP[0].sent).count == "ipip"
        assert program.run(GUE[0].sent).count == "gue"
        no_gue = {vip: methods & decap.IPIP for vip, methods in TABLES.vips.items()}
        left = Tables({vip: bit for vip, bit in no_gue.items() if bit}, TABLES.reals, 0)
        loaded.write(left)
        assert loaded.read() == left
        for case in (*IPIP, *GUE):
            assert program.run(case.sent) == decapsulate(case.sent, left)
        loaded.write(Tables())
        assert program.run(IPIP[0].sent).count == ""


def test_it_is_found_again_by_its_id() -> None:
    with closing(Decapsulation.load(TABLES)) as loaded:
        number = bpf.prog_info(loaded.program_fd).id
        found = Decapsulation.of(number)
        assert found is not None
        with closing(found):
            assert found.read() == TABLES
            found.write(TABLES | Tables({ip_address("192.0.2.13"): decap.GUE}))
        assert loaded.read().vips[ip_address("192.0.2.13")] == decap.GUE
    assert Decapsulation.of(None) is None


def test_other_programs_are_not_taken_for_it() -> None:
    """Not one of another name, nor one of another version of the maps."""
    drop = bytes.fromhex("b700000001000000 9500000000000000")
    for name in ("stranger", decap.PROGRAM):
        with open(bpf.prog_load_xdp(drop, name), "rb", closefd=True) as held:
            assert Decapsulation.of(bpf.prog_info(held.fileno()).id) is None
    with closing(Decapsulation.load(TABLES)) as loaded:
        bpf.map_update(loaded._maps["decap_settings"], bytes(4), (99).to_bytes(8, "little"))
        assert Decapsulation.of(bpf.prog_info(loaded.program_fd).id) is None


def test_the_numbers_are_those_of_the_header() -> None:
    built = artifact.build(artifact.part(decap.PART))
    names = ("METHOD_IPIP", "METHOD_GUE", "DECAP_VERSION")
    assert [built.constants[name] for name in names] == [decap.IPIP, decap.GUE, decap._VERSION]
    assert built.maps.keys() == decap._SIZES.keys()
    counts = [f"DECAP_{name.upper()}" for name in COUNTS]
    assert list(built.enums["decap_count"]) == [*counts, "DECAP_COUNTS"]
