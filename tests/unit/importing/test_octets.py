# SPDX-License-Identifier: Apache-2.0
"""Files that are not UTF-8."""

from __future__ import annotations

from pathlib import Path

from dsrlb.importing import from_ipvsadm, from_keepalived, octets
from tests.unit.importing.conftest import Convert
from tests.unit.importing.statements import text

RULES = "-A -t 192.0.2.1:80 -s rr\n-a -t 192.0.2.1:80 -r 192.0.2.2:80 -g -w 5\n"


def test_keepalived(tmp_path: Path) -> None:
    """Whatever stands in a comment; what is carried over is told."""
    path = tmp_path / "k.conf"
    check = text(check="} HTTP_GET { url {\npath /f?r # g?t\n}").replace("?", "\udcfc")
    path.write_bytes(f"# f\udcfcr alle \u00e9\n{check}".encode(errors="surrogateescape"))
    imported = from_keepalived(octets.replaced(path.read_bytes()), "k.conf", tmp_path, ("eth0",))
    (service,) = imported.config.service
    assert service.health is not None
    assert service.health.path == "/f%C3%BCr"
    assert [str(note) for note in imported.notes if note.place.line == 10] == [
        "k.conf:10: approximated: path ...: not UTF-8; it is read as Latin-1",
        "k.conf:10: approximated: path ...: what no request can have is sent as %20 and the like",
    ]
    assert sum("UTF-8" in note.why for note in imported.notes) == 1


def test_an_include(tmp_path: Path) -> None:
    (tmp_path / "more").write_bytes(b"# \xfc\nlvs_sched \xfc\n")
    notes = from_keepalived(text(server="include more"), "k.conf", tmp_path, ("eth0",)).notes
    assert [note.place.line for note in notes if "UTF-8" in note.why] == [2]


def test_ipvsadm(tmp_path: Path) -> None:
    path = tmp_path / "r"
    path.write_bytes(b"# f\xfcr\n" + RULES.encode() + b"-A -t f\xfcr:80 # \xfc\n")
    imported = from_ipvsadm(octets.replaced(path.read_bytes()), "r", ("eth0",))
    assert len(imported.config.service) == 1
    assert [str(note) for note in imported.notes if "UTF-8" in note.why] == [
        "r:4: approximated: -A -t f\u00fcr:80: not UTF-8; it is read as Latin-1"
    ]


def test_utf_8_is_read_as_such(convert: Convert) -> None:
    found = convert(text() + "vrrp_x f\u00fcr\n")
    assert ["UTF-8" in note.why for note in found.notes] == [False]
