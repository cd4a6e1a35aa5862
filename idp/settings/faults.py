"""What is wrong with a configuration, all of it at once."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong: the dotted key, where its value came from, and what is wanted instead.

    The message never repeats the value of a secret, of an unknown key, or of an address that may hold a
    password.
    """

    path: str
    origin: str
    message: str

    def __str__(self) -> str:
        named = f"{self.path}: {self.message}" if self.path else self.message
        return f"{named} [{self.origin}]"


class SettingsFaults(Exception):
    """The configuration is refused; ``faults`` holds every reason, in the order of the file's sections."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults
