"""Where each key of a TOML file stands, for people who must find it."""

import re

_TABLE = re.compile(r"\s*\[\[?\s*([^\[\]#]+?)\s*\]\]?\s*(?:#.*)?")
_NAME = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_KEY = re.compile(rf"\s*({_NAME}(?:\s*\.\s*{_NAME})*)\s*=(.*)")
_PART = re.compile(_NAME)


def key_lines(text: str) -> dict[str, int]:
    """The line (from 1) of every table and key, by dotted path.

    A reading for messages only: what stands inside a text of several lines is passed over, and an unusual
    spelling loses its line number, never its value.
    """
    found: dict[str, int] = {}
    table: tuple[str, ...] = ()
    closing = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if closing:
            closing = "" if closing in line else closing
            continue
        if header := _TABLE.fullmatch(line):
            table = _parts(header[1])
            found.setdefault(".".join(table), number)
        elif key := _KEY.fullmatch(line):
            path = (*table, *_parts(key[1]))
            for depth in range(len(table) + 1, len(path) + 1):
                found.setdefault(".".join(path[:depth]), number)
            closing = next((mark for mark in ('"""', "'''") if key[2].count(mark) == 1), "")
    return found


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))
