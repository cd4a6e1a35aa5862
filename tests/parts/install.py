"""`python -m tests.parts.install`: fetch what the machine lacks for the suite, where nobody need be asked.

What cannot be fetched is named in one line with the way to get it; the tests that need it then skip, or fail
under REQUIRE_ALL=1, so this command itself never fails for it.
"""

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from tests.parts.chromium import find_chromium, unpack_from_npm
from tests.parts.node import Node, find_node
from tests.parts.postgres import HOW_TO_GET as POSTGRES
from tests.parts.postgres import find_binaries as find_postgres
from tests.parts.valkey import HOW_TO_GET as VALKEY
from tests.parts.valkey import find_binary as find_valkey

ROOT = Path(__file__).parents[2]
# The JavaScript clients, and the certified provider they are held against first.
PACKAGES = (ROOT / "tests/clients_js", ROOT / "tests/bench/peer")


def say(line: str) -> None:
    """Print one line at once, so that it stands above what a child process prints next."""
    sys.stderr.write(f"{line}\n")


def succeeds(*command: str | Path) -> bool:
    """Run a command without a terminal; tell whether it ended well. It is heard only when it did not."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.stderr.write(done.stdout[-2000:])
    return done.returncode == 0


def install_node() -> Node | None:
    """Return Node.js, from a wheel when the machine has none (or too old a one)."""
    found = find_node()
    if found is None:
        say("Installing Node.js (a wheel, into .venv) ...")
        pip_install = (sys.executable, "-m", "pip", "install", "-q", "--require-hashes")
        if succeeds(*pip_install, "-r", "requirements/node.txt"):
            found = find_node()
    return found


def install_packages(node: Node | None) -> None:
    """Make ready what the tests run in Node.js."""
    if node is None:
        say("Node.js is missing: install it (Debian/Ubuntu: apt install nodejs npm).")
        return
    for folder in PACKAGES:
        try:
            node.install(folder)
        except subprocess.CalledProcessError:
            say(f"npm could not install {folder} (reason above): is the npm registry reachable?")


def install_chromium(node: Node | None) -> None:
    """Install Chromium by apt when root, else the one npm carries."""
    if find_chromium() is not None:
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        say("Installing Chromium (apt) ...")
        apt = ("apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=120")
        if (
            succeeds(*apt, "update")
            and succeeds(*apt, "install", "--no-install-recommends", "chromium")
            and find_chromium() is not None
        ):
            return
    if node is not None and sys.platform == "linux" and platform.machine() == "x86_64":
        say("Installing Chromium (npm, into .venv) ...")
        try:
            unpack_from_npm(node)
        except subprocess.CalledProcessError:
            say("npm could not install Chromium (reason above).")
    if find_chromium() is None:
        say("Chromium is missing: install it (Debian: apt install chromium), or set CHROMIUM_PATH.")


def main() -> None:
    """Install what can be, name what cannot."""
    node = install_node()
    install_packages(node)
    install_chromium(node)
    if not os.environ.get("TEST_DATABASE_URL") and find_postgres() is None:
        say(f"PostgreSQL is missing: {POSTGRES}.")
    if not os.environ.get("TEST_REDIS_URL") and find_valkey() is None:
        say(f"Valkey is missing: {VALKEY}.")


if __name__ == "__main__":
    main()
