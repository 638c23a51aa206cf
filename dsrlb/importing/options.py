# SPDX-License-Identifier: Apache-2.0
"""Lines of `ipvsadm --save` by their options, in every form that popt(3) takes."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from dsrlb.importing.addresses import number_of
from dsrlb.importing.report import Place, Report, wrong

_LONG = {
    "--add-service": "-A", "--add-server": "-a", "--tcp-service": "-t", "--udp-service": "-u",
    "--fwmark-service": "-f", "--scheduler": "-s", "--persistent": "-p", "--netmask": "-M",
    "--real-server": "-r", "--gatewaying": "-g", "--masquerading": "-m", "--ipip": "-i",
    "--weight": "-w", "--u-threshold": "-x", "--l-threshold": "-y", "--sched-flags": "-b",
    "--ops": "-o", "-O": "-o", "--ipv6": "-6", "--numeric": "-n",
}  # fmt: skip
_VALUES = (
    "-t", "-u", "-f", "--sctp-service", "-s", "-M", "-r", "-w", "-x", "-y", "-b", "--pe",
    "--tun-type", "--tun-port",
)  # fmt: skip
_FLAGS = ("-g", "-m", "-i", "-o", "-6", "-n", "--tun-csum", "--tun-nocsum", "--tun-remcsum")
_KINDS = ("-t", "-u", "-f", "--sctp-service")
_DEFAULT_PERSISTENCE = 300


@dataclass(slots=True)
class Line:
    """A line by its options."""

    place: Place
    verb: str
    options: dict[str, str]
    report: Report

    @property
    def service(self) -> tuple[str, str]:
        """What names the virtual server: option and value, as they stand. Raises ConfigError."""
        found = [(option, self.options[option]) for option in _KINDS if option in self.options]
        if len(found) != 1:
            raise wrong(
                self.place, self.verb, " ".join(self.options), "one virtual server: -t, -u or -f"
            )
        return found[0]

    def number(self, option: str, low: int, high: int, default: int) -> int:
        """The value of an option, or the default; one that is wrong is told, and counts as not
        given."""
        if option not in self.options:
            return default
        text = self.options[option]
        try:
            return number_of(text, low, high)
        except ValueError as error:
            why = f"{error}; {default} is taken, as without it"
            self.report.lost(self.place, f"{option} {text}", why)
            return default


class _Words:
    """A line's words, taken one by one: options by their short names, of --weight=5, -w5, -w=5 and
    -gw 5, too."""

    def __init__(self, words: Sequence[str]) -> None:
        self._left = deque(words)
        self._attached: str | None = None

    def __bool__(self) -> bool:
        return bool(self._left)

    def option(self) -> str:
        """The next option."""
        word, self._attached = self._left.popleft(), None
        name, equals, value = word.partition("=")
        if word.startswith("--"):
            self._attached = value if equals else None
        elif word.startswith("-") and len(word) > 2:
            name = word[:2]
            if name in (*_VALUES, "-p"):
                self._attached = word[2:].removeprefix("=")
            else:
                self._left.appendleft(f"-{word[2:]}")
        else:
            name = word
        return _LONG.get(name, name)

    def value(self) -> str | None:
        """What stands behind the option; None: nothing."""
        if self._attached is not None:
            return self._attached
        return self._left.popleft() if self._left else None

    def optional(self) -> str | None:
        """What stands behind the option, unless that is the next one; None: nothing."""
        if self._attached is None and self._left and self._left[0].startswith("-"):
            return None
        return self.value()


def parse(words: Sequence[str], place: Place, report: Report) -> Line:
    """A line's options; those that are not known are told. Raises ConfigError for a line that is of
    no use."""
    left = _Words(words)
    verb = left.option()
    if verb not in ("-A", "-a"):
        message = "a line of `ipvsadm --save` begins with -A or -a"
        raise wrong(place, "line", " ".join(words), message)
    options: dict[str, str] = {}
    while left:
        option = left.option()
        if option in _VALUES:
            value = left.value()
            if value is None:
                raise wrong(place, option, "", "a value is missing")
            options[option] = value
        elif option in _FLAGS:
            options[option] = ""
        elif option == "-p":
            options[option] = left.optional() or str(_DEFAULT_PERSISTENCE)
        else:
            value = left.optional()
            shown = option if value is None else f"{option} {value}"
            report.lost(place, shown, "no option of `ipvsadm --save`")
    return Line(place, verb, options, report)
