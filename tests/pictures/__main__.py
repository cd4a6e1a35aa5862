"""`python -m tests.pictures`: walk through the demo in a browser, and write `docs/pictures/` anew."""

import tempfile
from pathlib import Path

from rich.console import Console

from tests.parts.chromium import chromium
from tests.pictures.sheet import Sheet, message, screen
from tests.pictures.walk import walk
from tests.service.demo import ROOT, running_demo

FOLDER = ROOT / "docs" / "pictures"


def main() -> None:
    """Make every picture and say how large each is."""
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        with running_demo(Path(folder)) as demo:
            seen = walk(browser, demo)
        show = seen.shots
        rows = {
            "registration": [screen(show[name]) for name in ("login", "data", "password", "code", "app")],
            "payout": [
                screen(show["app-payout"]),
                screen(show["operation"]),
                message(seen.texts["operation"]),
                screen(show["operation-code"]),
                screen(show["app-payout-done"]),
            ],
            "payout-desktop": [screen(show["operation-desktop"]), screen(show["receipt-desktop"])],
            "account": [
                screen(show[name]) for name in ("account", "sessions", "apps", "activity", "browsers")
            ],
            "details": [
                screen(show[name])
                for name in ("username", "change-password", "mobile", "language", "download", "close")
            ],
            "factors": [
                screen(show[name])
                for name in ("passkeys", "authenticator-add", "recovery-codes", "login-code")
            ],
        }
        sheet = Sheet(browser)
        for name, parts in rows.items():
            path = FOLDER / f"{name}.png"
            path.write_bytes(sheet.picture(parts))
            Console().print(f"{path.relative_to(ROOT)}  {path.stat().st_size // 1024} kB")


main()
