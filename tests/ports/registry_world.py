"""The customers of the registry's contract: the demo's, and a crowd that shares one contact."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

from stdnum import luhn

from idp.accounts.records import CustomerRecord
from idp.accounts.registry_line import COLUMNS, read_line
from idp.adapters.entropy import SystemEntropy
from idp.adapters.registry_file import RegistryFile
from idp.adapters.registry_http import HttpRegistry
from idp.settings import Settings

CROWDED = "coda@posta.example"
"""Stands on more records than are ever looked at."""


def files(folder: Path) -> tuple[Path, Path]:
    """The registry files, the demo's and the crowd's, written to a folder."""
    demo, crowd = folder / "demo.csv", folder / "crowd.csv"
    demo.write_bytes((resources.files("idp") / "demo" / "customers.csv").read_bytes())
    with crowd.open("w", encoding="utf-8", newline="") as file:
        lines = csv.DictWriter(file, COLUMNS, restval="")
        lines.writeheader()
        # Not in the order of their numbers, by which they are to be told.
        lines.writerows(_company(number) for number in sorted(range(20), key=lambda n: n * 7 % 20))
    return demo, crowd


def vat_number(number: int) -> str:
    """The VAT number that begins with these seven digits."""
    digits = f"{number:07}015"
    return digits + luhn.calc_check_digit(digits)


def _company(number: int) -> dict[str, str]:
    return {
        "customer_number": f"Z{number:03}",
        "profile": "company",
        "state": "active",
        "company_name": f"Prova {number} Srl",
        "vat_number": vat_number(9990000 + number),
        "emails": CROWDED,
        "updated_on": "2024-03-01",
    }


def records_of(*paths: Path) -> list[CustomerRecord]:
    """What stands in the files, in the order of the customer numbers."""
    readings = [
        read_line(line.line, line.cells or {}) for path in paths for line in RegistryFile(path).lines()
    ]
    return sorted((r.record for r in readings if r.record is not None), key=lambda r: r.customer_number)


def settings_for(url: str, **registry: Any) -> Settings:
    """Settings that ask the registry service at this address."""
    return Settings.model_validate(
        {
            "service": {"development": True},
            "registry": {"adapter": "http", "url": url, "timeout": 2, **registry},
        }
    )


@contextmanager
def asking(settings: Settings, **named: Any) -> Iterator[HttpRegistry]:
    """The adapter, its connections closed in the end."""
    registry = HttpRegistry(settings, SystemEntropy(), **named)
    try:
        yield registry
    finally:
        registry.close()
