"""A real Chromium for the tests of pages."""

import contextlib
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Playwright, sync_playwright

from tests.parts.missing import missing
from tests.parts.node import Node

FROM_NPM = Path(__file__).parent / "chromium_from_npm"

# No sandbox: it is refused to root and where user namespaces are off. The rest keeps the browser from
# talking to the world on its own account.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass(frozen=True)
class ChromiumBinary:
    """Where a Chromium is and what it needs to start."""

    path: Path
    headless: str = "--headless=new"
    environment: dict[str, str] = field(default_factory=dict)

    def runs(self) -> bool:
        """Tell whether it starts at all; some distributions ship a stub that only advertises a store."""
        environment = {**os.environ, **self.environment}
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            told = subprocess.run(
                [self.path, "--version"], capture_output=True, timeout=30, check=False, env=environment
            )
            return told.returncode == 0
        return False

    def launch(self, playwright: Playwright, *arguments: str) -> Browser:
        """Start it headless under Playwright's control, with further command-line arguments."""
        options: dict[str, Any] = {"env": {**os.environ, **self.environment}} if self.environment else {}
        return playwright.chromium.launch(
            executable_path=self.path, args=[self.headless, *ARGUMENTS, *arguments], **options
        )


def find_chromium() -> ChromiumBinary | None:
    """Return the first Chromium that runs: $CHROMIUM_PATH, the path, Playwright's own, the one from npm."""
    return next((binary for binary in _candidates() if binary.runs()), None)


def _candidates() -> Iterator[ChromiumBinary]:
    given = os.environ.get("CHROMIUM_PATH")
    if given:
        yield ChromiumBinary(Path(given))
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        found = shutil.which(name)
        if found:
            yield ChromiumBinary(Path(found))
    cache = os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
    usual = [Path.home() / ".cache/ms-playwright", Path.home() / "Library/Caches/ms-playwright"]
    for folder in [Path(cache)] if cache else usual:
        for pattern in ("chromium-*/chrome-linux*/chrome", "chromium-*/chrome-mac*/*.app/Contents/MacOS/*"):
            for found_here in sorted(folder.glob(pattern), reverse=True):
                yield ChromiumBinary(found_here)
    if (unpacked() / "chromium").exists():
        yield from_npm()


@contextlib.contextmanager
def chromium(*arguments: str) -> Iterator[Browser]:
    """Yield a headless Chromium; skips the test (fails under REQUIRE_ALL=1) when the machine has none."""
    binary = find_chromium()
    if binary is None:
        missing("Chromium", "`make test` installs it; or apt install chromium, or set CHROMIUM_PATH")
    with sync_playwright() as playwright:
        browser = binary.launch(playwright, *arguments)
        try:
            yield browser
        finally:
            browser.close()


def unpacked() -> Path:
    """Return the folder in the virtualenv where the Chromium from npm is unpacked."""
    return Path(sys.prefix) / "chromium"


def from_npm() -> ChromiumBinary:
    """Return the Chromium from npm; it is the headless shell and brings the libraries and fonts it needs."""
    folder = unpacked()
    environment = {
        "LD_LIBRARY_PATH": str(folder / "al2023/lib"),
        "FONTCONFIG_FILE": str(folder / "fonts.conf"),
    }
    return ChromiumBinary(folder / "chromium", headless="--headless=shell", environment=environment)


def unpack_from_npm(node: Node) -> None:
    """Install and unpack the Chromium that npm carries, once: Linux only, no root needed.

    Raises subprocess.CalledProcessError when npm or Node cannot.
    """
    folder = unpacked()
    if (folder / "chromium").exists():
        return
    node.install(FROM_NPM)
    packed = FROM_NPM / "node_modules/@sparticuz/chromium/bin"
    folder.mkdir(exist_ok=True)
    (folder / "fonts.conf").write_text(
        "<fontconfig>"
        '<include ignore_missing="yes">/etc/fonts/fonts.conf</include>'
        f"<dir>{folder}/fonts</dir><cachedir>{folder}/fonts-cache</cachedir>"
        "</fontconfig>"
    )
    for name in ("al2023.tar", "fonts.tar", "swiftshader.tar", "chromium"):
        script = (
            "const [from, to] = process.argv.slice(1);"
            "require('stream').pipeline(require('fs').createReadStream(from),"
            " require('zlib').createBrotliDecompress(), require('fs').createWriteStream(to),"
            " (error) => { if (error) throw error; });"
        )
        partial = folder / f"{name}.partial"
        subprocess.run([node.node, "-e", script, packed / f"{name}.br", partial], check=True)
        if name.endswith(".tar"):
            with tarfile.open(partial) as archive:
                # Python gained filters in 3.11.4; npm has checked the archive's digest already.
                archive.extraction_filter = getattr(tarfile, "data_filter", lambda member, path: member)
                archive.extractall(folder / name.removesuffix(".tar"))
            partial.unlink()
        else:
            partial.chmod(0o755)
            # Last and at once: its presence says that everything else is there.
            partial.rename(folder / name)
