"""The registered types of operations, from their files: those we ship, and those of a folder of one's own."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from idp.oidc.operations.types import BadType, OperationType, read
from idp.settings import Settings

SHIPPED = Path(__file__).resolve().parents[1] / "operation_types"


class TypesRefused(Exception):
    """A file of a type cannot be used; ``faults`` says why, a sentence each, beginning with the file."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def registered(settings: Settings) -> Mapping[str, OperationType]:
    """Every type that is offered, by its name. Raises ``TypesRefused`` with every fault.

    A type of ours whose scope no resource has is not offered; one's own of the same name takes its place.
    """
    scopes = {scope for resource in settings.resources.values() for scope in resource.scopes}
    shipped, faults = _read(SHIPPED, settings)
    found = {name: kind for name, (kind, _) in shipped.items() if kind.scope in scopes}
    folder = settings.operations.types_directory
    if folder is not None:
        own, more = _read(folder, settings)
        faults += more
        for name, (kind, file) in own.items():
            if kind.scope not in scopes:
                faults.append(f"{file}: scope: no resource of the settings has {kind.scope}")
            found[name] = kind
    if faults:
        raise TypesRefused(tuple(faults))
    return MappingProxyType(found)


def _read(folder: Path, settings: Settings) -> tuple[dict[str, tuple[OperationType, Path]], list[str]]:
    found: dict[str, tuple[OperationType, Path]] = {}
    faults: list[str] = []
    try:
        files = sorted(file for file in folder.iterdir() if file.suffix == ".toml")
    except OSError as fault:
        return found, [f"{folder}: the folder cannot be read: {fault.strerror}"]
    for file in files:
        try:
            kind = read(file.read_text("utf-8"), languages=settings.languages.offered)
        except OSError as unreadable:
            faults.append(f"{file}: the file cannot be read: {unreadable.strerror}")
        except UnicodeDecodeError:
            faults.append(f"{file}: the file is not UTF-8 text")
        except BadType as bad:
            faults.append(f"{file}: {bad}")
        else:
            if kind.name in found:
                faults.append(f"{file}: type: {kind.name} stands in {found[kind.name][1].name} already")
            found[kind.name] = (kind, file)
    return found, faults
