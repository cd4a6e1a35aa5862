"""What is installed is what was locked, and what is imported is what was asked for."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


def project() -> dict[str, Any]:
    described: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return described


def entries(lock: Path) -> Iterator[str]:
    """The lock's requirements, each with its hashes, comments left out."""
    lines = [line for line in lock.read_text().splitlines() if not line.lstrip().startswith("#")]
    return (entry for entry in re.split(r"\n(?=\S)", "\n".join(lines)) if entry.strip())


def locked(lock: str) -> dict[str, Requirement]:
    first_lines = (entry.split("\\")[0] for entry in entries(ROOT / "requirements" / lock))
    return {canonicalize_name(found.name): found for found in map(Requirement, first_lines)}


def asked(*extras: str) -> list[Requirement]:
    described = project()
    wanted = [*described["project"]["dependencies"], *described["dependency-groups"]["build"]]
    for extra in extras:
        wanted += described["project"]["optional-dependencies"][extra]
    return [Requirement(line) for line in wanted]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_every_locked_package_has_one_version_hashes_and_no_address(lock: Path) -> None:
    found = list(entries(lock))
    assert found
    for entry in found:
        assert re.match(r"[a-z0-9._-]+(\[[a-z,]+\])?==\S+", entry), entry
        assert "--hash=sha256:" in entry, entry
        assert "://" not in entry, entry


@pytest.mark.parametrize(
    ("lock", "extras"),
    [("run.txt", ("fast", "demo")), ("test.txt", ("fast", "demo", "scale", "test"))],
    ids=["run", "test"],
)
def test_the_lock_has_all_that_the_project_asks_for(lock: str, extras: tuple[str, ...]) -> None:
    """`make lock` was run after the last change of a dependency."""
    have = locked(lock)
    for wanted in asked(*extras):
        name = canonicalize_name(wanted.name)
        assert name in have, f"{wanted} is not in {lock}: make lock"
        (exact,) = have[name].specifier
        assert wanted.specifier.contains(exact.version), f"{wanted} is locked to {exact.version}: make lock"


def test_what_runs_is_locked_to_the_versions_that_were_tested() -> None:
    tested = locked("test.txt")
    for name, requirement in locked("run.txt").items():
        assert tested[name].specifier == requirement.specifier


def imports(package: str) -> Iterator[tuple[Path, str]]:
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from ((path, alias.name.partition(".")[0]) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield path, node.module.partition(".")[0]


@pytest.mark.parametrize("package", ["idp", "clients"])
def test_what_is_imported_is_declared(package: str) -> None:
    """A package that only came along with another is not relied on: it may leave with it."""
    declared = {canonicalize_name(wanted.name) for wanted in asked("fast", "scale")}
    # `_typeshed` is the type checkers' own and never imported when the program runs.
    ours = {"idp", "clients", "_typeshed"} | sys.stdlib_module_names
    distributions = packages_distributions()
    undeclared = {
        (str(path.relative_to(ROOT)), module)
        for path, module in imports(package)
        if module not in ours and not declared & {canonicalize_name(n) for n in distributions.get(module, [])}
    }
    assert undeclared == set()
