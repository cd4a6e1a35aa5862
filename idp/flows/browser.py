"""What a browser brings with it: its cookies' secrets, where it comes from, what it speaks."""

from dataclasses import dataclass, field

from idp.values import Handle


@dataclass(frozen=True, slots=True)
class Browser:
    """A browser as it stands before us. ``source`` is its network address for counting, never stored in
    clear."""

    handle: Handle | None = field(default=None, repr=False)
    session: Handle | None = field(default=None, repr=False)
    source: str = ""
    # Two codes (``accounts.device``); None where it does not matter.
    device: str | None = None

    @property
    def digest(self) -> bytes | None:
        """The digest of the long-lived browser handle, if it has one."""
        return None if self.handle is None else self.handle.digest

    @property
    def name(self) -> str:
        """What names this browser for counting; the same for all that have no handle."""
        return "" if self.handle is None else self.handle.digest.hex()
