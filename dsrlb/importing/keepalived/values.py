# SPDX-License-Identifier: Apache-2.0
"""The values of statements; a wrong one is told, and counts as not given."""

from __future__ import annotations

import re

from dsrlb.config.values import IPAddress
from dsrlb.importing.addresses import address_of, number_of, port_of
from dsrlb.importing.form import Method
from dsrlb.importing.keepalived.blocks import Statement
from dsrlb.importing.report import Report, without_secrets

_SECONDS = re.compile(r"[0-9]{1,7}(\.[0-9]{1,6})?", re.ASCII)
_YES, _NO = ("on", "true", "yes"), ("off", "false", "no")


class Values:
    """Reads values, and tells what is wrong with them."""

    def __init__(self, report: Report) -> None:
        self.report = report

    def lost(self, statement: Statement, why: str) -> None:
        """Tell that a statement is not carried over."""
        block = " { ... }" if statement.body is not None else ""
        self.report.lost(statement.place, statement.text + block, why)

    def unknown(self, statement: Statement) -> None:
        """Tell that nothing is known of a keyword: nor whether it has a password behind it."""
        rest = " ..." if statement.values else ""
        block = " { ... }" if statement.body is not None else ""
        why = "no such keyword is known here"
        self.report.lost(statement.place, statement.keyword + rest + block, why)

    def near(self, statement: Statement, why: str) -> None:
        """Tell that a statement is carried over in another way."""
        self.report.near(statement.place, statement.text, why)

    def one(self, statement: Statement) -> str | None:
        """The single word behind a keyword."""
        if not statement.values:
            self.lost(statement, "a value is missing")
            return None
        if len(statement.values) > 1:
            more = " ".join(statement.values[1:])
            if without_secrets(statement.text) != statement.text:
                more = f"{statement.keyword} ..."
            self.report.lost(statement.place, more, f"{statement.keyword} takes one value")
        return statement.values[0]

    def number(self, statement: Statement, low: int, high: int) -> int | None:
        """A whole number."""
        text = self.one(statement)
        if text is None:
            return None
        try:
            return number_of(text, low, high)
        except ValueError as error:
            self.lost(statement, str(error))
            return None

    def millis(self, statement: Statement) -> int | None:
        """A time in seconds, as milliseconds."""
        text = self.one(statement)
        if text is None:
            return None
        if not _SECONDS.fullmatch(text) or not float(text):
            self.lost(statement, "a time in seconds, more than 0; without one it is the usual")
            return None
        return round(float(text) * 1000)

    def flag(self, statement: Statement) -> bool:
        """Yes, no, or yes without a word."""
        text = statement.values[0].lower() if statement.values else "yes"
        if text not in (*_YES, *_NO):
            self.lost(statement, "on or off")
        return text in _YES

    def address(self, statement: Statement) -> IPAddress | None:
        """An address."""
        text = self.one(statement)
        if text is None:
            return None
        try:
            return address_of(text)
        except ValueError:
            self.lost(statement, "an address such as 192.0.2.10")
            return None

    def endpoint(self, statement: Statement) -> tuple[IPAddress, int] | None:
        """An address and perhaps a port; 0: none."""
        values = statement.values
        if not 1 <= len(values) <= 2:
            self.lost(statement, "an address and a port such as 192.0.2.10 80")
            return None
        try:
            address = address_of(values[0])
        except ValueError:
            self.lost(statement, f"{values[0]!r} is no address such as 192.0.2.10")
            return None
        port = self.port(statement, values[1]) if len(values) == 2 else 0
        return None if port is None else (address, port)

    def port(self, statement: Statement, text: str) -> int | None:
        """A port by number or name."""
        try:
            port, named = port_of(text)
        except ValueError as error:
            self.lost(statement, f"port {text!r}: {error}")
            return None
        if named:
            self.near(statement, f"port {text} is taken as {port}")
        return port

    def method(self, statement: Statement) -> Method | None:
        """lvs_method: NAT, DR, or TUN with the type of the tunnel."""
        words = [word.lower() for word in statement.values]
        if words in (["nat"], ["dr"]):
            return Method("masquerade" if words == ["nat"] else "direct")
        if words[:1] != ["tun"]:
            self.lost(statement, "NAT, DR or TUN")
            return None
        options = words[1:]
        for word in ("csum", "remcsum"):
            if word in options:
                self.report.lost(statement.place, word, "outer UDP packets have no checksum")
        options = [word for word in options if word not in ("nocsum", "csum", "remcsum")]
        if options in ([], ["type", "ipip"]):
            return Method("ipip")
        if options[:3] == ["type", "gue", "port"] and len(options) == 4:
            port = self.port(statement, options[3])
            return Method("gue", port) if port else None
        self.lost(statement, "no tunnels but of type ipip, and gue with a port")
        return None
