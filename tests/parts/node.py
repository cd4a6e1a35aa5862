"""Node.js, for other people's clients and for the Chromium that npm carries."""

import fcntl
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.parts.missing import missing

# The oldest one the clients were seen to run on.
OLDEST = 20


@dataclass(frozen=True)
class Node:
    """A Node.js with its npm."""

    node: Path
    npm: Path

    def install(self, folder: Path) -> None:
        """Make `folder/node_modules` what its package-lock.json says, once; run no install scripts.

        Raises subprocess.CalledProcessError when npm cannot.
        """
        with (folder / "package-lock.json").open("rb") as lock:
            # Test processes that want the same folder at once take turns: `npm ci` begins by emptying it.
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._install(folder)

    def _install(self, folder: Path) -> None:
        locked = (folder / "package-lock.json").read_bytes()
        stamp = folder / "node_modules/installed-from.json"
        if stamp.exists() and stamp.read_bytes() == locked:
            return
        command: list[str | Path] = [
            self.npm,
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--no-update-notifier",
            "--loglevel=error",
        ]
        subprocess.run(command, cwd=folder, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        stamp.write_bytes(locked)


def find_node() -> Node | None:
    """Return the Node.js on the path (`make` puts the virtualenv there) if it is recent enough, else None."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    major = told.stdout.removeprefix("v").partition(".")[0]
    return Node(Path(node), Path(npm)) if major.isdigit() and int(major) >= OLDEST else None


def node() -> Node:
    """Return Node.js, or skip the test (fail under REQUIRE_ALL=1)."""
    how_to_get = "`make test` installs it; or apt install nodejs npm"
    return find_node() or missing(f"Node.js {OLDEST} or newer", how_to_get)
