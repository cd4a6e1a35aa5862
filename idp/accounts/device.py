"""What kind of device a browser runs on, in two codes: ``"chrome android"``.

Read from the User-Agent, which is whatever a browser claims to be: it is shown to its owner, so that they
know their own devices again. The claim itself is not kept, nor is any version in it.
"""

from collections.abc import Mapping
from typing import Final

OTHER: Final = "other"
"""The code of a browser or a system that is none of those below."""

BROWSERS: Final[Mapping[str, str]] = {
    "chrome": "Chrome",
    "safari": "Safari",
    "firefox": "Firefox",
    "edge": "Edge",
    "opera": "Opera",
    "samsung": "Samsung Internet",
}
"""The browsers that are known, by code, with the name they have in every language."""

SYSTEMS: Final[Mapping[str, str]] = {
    "android": "Android",
    "iphone": "iPhone",
    "ipad": "iPad",
    "windows": "Windows",
    "mac": "Mac",
    "chromeos": "ChromeOS",
    "linux": "Linux",
}
"""The systems that are known, likewise."""

_LONGEST = 512

# The first that is found counts: nearly all claim to be Safari, and many to be Chrome.
_BROWSER_MARKS = (
    ("edge", ("Edg/", "EdgA/", "EdgiOS/", "Edge/")),
    ("opera", ("OPR/", "OPT/", "OPiOS/", "Opera")),
    ("samsung", ("SamsungBrowser/",)),
    ("firefox", ("Firefox/", "FxiOS/")),
    ("chrome", ("Chrome/", "CriOS/", "Chromium/")),
    ("safari", ("Safari/",)),
)
_SYSTEM_MARKS = (
    ("iphone", ("iPhone", "iPod")),
    # An iPad that asks for pages of a desktop says it is a Mac, and is told as one.
    ("ipad", ("iPad",)),
    ("android", ("Android",)),
    ("chromeos", ("CrOS",)),
    ("windows", ("Windows",)),
    ("mac", ("Macintosh", "Mac OS X")),
    ("linux", ("Linux", "X11")),
)


def device_of(user_agent: str | None) -> str:
    """Two codes, of browser and system, each of which may be ``OTHER``."""
    claimed = (user_agent or "")[:_LONGEST]
    return f"{_first(_BROWSER_MARKS, claimed)} {_first(_SYSTEM_MARKS, claimed)}"


def names_of(device: str | None) -> tuple[str, str] | None:
    """The names of browser and system; None unless both are known."""
    browser, _, system = (device or "").partition(" ")
    names = BROWSERS.get(browser), SYSTEMS.get(system)
    return None if names[0] is None or names[1] is None else (names[0], names[1])


def _first(marks: tuple[tuple[str, tuple[str, ...]], ...], claimed: str) -> str:
    return next((code for code, words in marks if any(word in claimed for word in words)), OTHER)
