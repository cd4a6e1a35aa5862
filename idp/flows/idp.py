"""The one frozen object that every flow takes first: what the composition root (``idp.app``) put together."""

import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from idp.accounts.registry import AgencyRegistry
from idp.flows.clients import ClientDirectory
from idp.flows.compose import Composer
from idp.flows.hashing import Hasher
from idp.flows.signing import Signers
from idp.oidc.operations.types import OperationType
from idp.ports import Clock, Entropy, Ephemera, KeyRing
from idp.settings import Settings
from idp.store.database import Database, Tx
from idp.store.sealing import Sealer


@dataclass(frozen=True, slots=True)
class Idp:
    """The identity provider of one process."""

    settings: Settings
    database: Database
    clock: Clock
    entropy: Entropy
    ephemera: Ephemera
    keyring: KeyRing
    sealer: Sealer
    registry: AgencyRegistry
    hasher: Hasher
    clients: ClientDirectory
    signers: Signers
    composer: Composer
    # What a customer can be asked to approve, by its name.
    operation_types: Mapping[str, OperationType]
    # Set after a commit that left something in the outbox, so that the worker in this process looks at once.
    post_waiting: threading.Event = field(default_factory=threading.Event)

    @property
    def issuer(self) -> str:
        """The issuer identifier, exactly as it stands in tokens and discovery."""
        return self.settings.service.issuer

    @property
    def audiences(self) -> Mapping[str, str]:
        """Every API scope, with the audience of the resource it belongs to."""
        return self.settings.audiences

    def reading(self) -> AbstractContextManager[Tx]:
        """A connection to read with (``Database.reading``)."""
        return self.database.reading()

    def writing(self) -> AbstractContextManager[Tx]:
        """One transaction (``Database.writing``)."""
        return self.database.writing()
