"""Which types of operations are offered: ours where a resource has their scope, and a folder of one's own."""

from pathlib import Path

import pytest

from idp.adapters.operation_types import SHIPPED, TypesRefused, registered
from tests.service.in_process import settings_for

FILE = (SHIPPED / "payout.toml").read_text("utf-8")


def test_ours_is_offered_where_a_resource_has_its_scope(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, "sqlite:///types.db")
    assert set(registered(settings)) == {"payout"}
    without = {"policies": {"audience": "https://policies.example", "scopes": ("policies",)}}
    assert set(registered(settings.model_copy(update={"resources": {}}))) == set()
    assert set(registered(settings_for(tmp_path, "sqlite:///types.db", resources=without))) == set()


def test_ones_own_stand_beside_it_and_take_its_place(tmp_path: Path) -> None:
    folder = tmp_path / "types"
    folder.mkdir()
    (folder / "surrender.toml").write_text(FILE.replace('"payout"', '"policies"', 1), "utf-8")
    (folder / "payout.toml").write_text(FILE.replace("longest = 70", "longest = 35"), "utf-8")
    (folder / "notes.txt").write_text("not a type", "utf-8")
    found = registered(settings_for(tmp_path, "sqlite:///types.db", operations={"types_directory": folder}))
    assert set(found) == {"payout", "policies"}
    assert [one.kind.longest for one in found["payout"].fields if one.name == "beneficiary"] == [35]  # type: ignore[union-attr]


def test_every_fault_of_a_folder_is_told_with_its_file(tmp_path: Path) -> None:
    folder = tmp_path / "types"
    folder.mkdir()
    (folder / "a.toml").write_text("type = 1", "utf-8")
    (folder / "b.toml").write_bytes(b"\xff")
    (folder / "c.toml").write_text(FILE.replace('"payout"', '"nobodys"'), "utf-8")
    (folder / "d.toml").write_text(FILE, "utf-8")
    with pytest.raises(TypesRefused) as refused:
        registered(settings_for(tmp_path, "sqlite:///types.db", operations={"types_directory": folder}))
    said = refused.value.faults
    assert [Path(fault.partition(":")[0]).name for fault in said] == ["a.toml", "b.toml", "c.toml"]
    with pytest.raises(TypesRefused, match="cannot be read"):
        registered(
            settings_for(tmp_path, "sqlite:///types.db", operations={"types_directory": tmp_path / "none"})
        )
