"""The key ring in files: one JWK (RFC 7517) per key in a folder that only the service's user can read.

``sign-<kid>.json`` holds a private signing key, ``<purpose>-<version>.json`` a symmetric one. The files tell
only what the keys are; which signing key is active is kept in the database.
"""

import base64
import fcntl
import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from idp.ports import Entropy, SigningKey, SymmetricKey

# One purpose for each symmetric key, so that losing one loses nothing else (NIST SP 800-57 part 1 §5.2).
PURPOSES: Mapping[str, str] = MappingProxyType(
    {
        "blind-index": "HS256",
        "codes": "HS256",
        "cookies": "HS256",
        "data": "A256GCM",
        "decoys": "HS256",
        "outbox": "A256GCM",
    }
)
SIGNING_ALGORITHMS = ("ES256", "RS256")

_SECRET_BYTES = 32
_RSA_BITS = 2048
_LONGEST_FILE = 16384
_PUBLIC_MEMBERS = {"EC": ("kty", "crv", "x", "y"), "RSA": ("kty", "n", "e")}


@dataclass(frozen=True, slots=True)
class KeyFault:
    """One file or folder that is refused, and why; never a word of what is in it."""

    path: Path
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class KeyFilesRefused(Exception):
    """The key files cannot be trusted or read; ``faults`` holds every reason."""

    def __init__(self, faults: tuple[KeyFault, ...]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


class _Refused(Exception):
    """Why one file is not taken."""


@dataclass(frozen=True, slots=True)
class _Keys:
    """What is on file at one moment, replaced whole so that a reader never sees half of a change."""

    signing: Mapping[str, SigningKey] = field(default_factory=lambda: MappingProxyType({}))
    symmetric: Mapping[str, tuple[SymmetricKey, ...]] = field(default_factory=lambda: MappingProxyType({}))
    parsed: Mapping[str, tuple[tuple[int, ...], SigningKey | SymmetricKey]] = field(default_factory=dict)


class FileKeyRing:
    """The keys of one folder, parsed once. ``load`` before use; writing needs no load before it.

    Writers exclude each other by a lock on the folder, and a key file appears whole or not at all: it is
    written beside, flushed to disk and renamed, so a full disk or a crash never leaves a truncated key.
    """

    def __init__(self, directory: Path, entropy: Entropy, *, group_readable: bool = False) -> None:
        self._directory = directory
        self._entropy = entropy
        self._group_readable = group_readable
        self._keys = _Keys()

    def load(self) -> Self:
        """Check and read every key file.

        Raises ``KeyFilesRefused`` with all that is wrong, and keeps what it had.
        """
        self._keys = self._read()
        return self

    def reload(self) -> None:
        """Read the files again, after another process wrote some; unchanged ones stay as parsed."""
        self.load()

    def signing_keys(self) -> Mapping[str, SigningKey]:
        """Every signing key on file, by kid."""
        return self._keys.signing

    def symmetric(self, purpose: str) -> tuple[SymmetricKey, ...]:
        """The keys of a purpose, the current (highest version) first; raises ``KeyError`` for none."""
        return self._keys.symmetric[purpose]

    def create_signing(self, alg: str) -> str:
        """Make and file a signing key for ``ES256`` (P-256) or ``RS256`` (2048 bits); its kid.

        The kid is the RFC 7638 thumbprint. Raises ``ValueError`` for another algorithm, ``KeyFilesRefused``,
        and ``OSError`` when it cannot be written.
        """
        _known_algorithm(alg)
        with self._writing():
            return self._new_signing(alg)

    def create_symmetric(self, purpose: str) -> str:
        """Make and file the next version of a symmetric key of 256 bits; its kid, like ``data-2``.

        Raises ``ValueError`` for an unknown purpose, ``KeyFilesRefused``, and ``OSError`` when it cannot be
        written.
        """
        if purpose not in PURPOSES:
            raise ValueError(f"no symmetric key serves {purpose!r}")
        with self._writing():
            return self._new_symmetric(purpose)

    def create_missing(self, algorithms: tuple[str, ...] = SIGNING_ALGORITHMS) -> tuple[str, ...]:
        """File what a new installation lacks: a key per purpose and per signing algorithm; the kids made.

        Two processes that call it at once make one set. A folder without any key is made private first.
        """
        for alg in algorithms:
            _known_algorithm(alg)
        with self._writing():
            held = {key.alg for key in self._keys.signing.values()}
            made = [
                self._new_symmetric(purpose) for purpose in PURPOSES if purpose not in self._keys.symmetric
            ]
            made += [self._new_signing(alg) for alg in algorithms if alg not in held]
        return tuple(made)

    def discard(self, kid: str) -> None:
        """Delete a signing key's file; nothing happens when it is gone already."""
        with self._writing() as folder:
            if kid in self._keys.signing:
                (self._directory / f"sign-{kid}.json").unlink(missing_ok=True)
                os.fsync(folder)

    # --- writing -----------------------------------------------------------------------------------

    @contextmanager
    def _writing(self) -> Iterator[int]:
        """Hold the folder's lock, with what is on file freshly read before and after."""
        self._make_private()
        folder = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            self.load()
            yield folder
            self.load()
        finally:
            os.close(folder)

    def _make_private(self) -> None:
        """Make the folder, or close one that came open from a checkout; with keys in it, leave it alone."""
        wanted = 0o750 if self._group_readable else 0o700
        self._directory.mkdir(mode=wanted, parents=True, exist_ok=True)
        mine = self._directory.stat().st_uid == os.geteuid()
        if mine and not any(self._directory.glob("*.json")):
            self._directory.chmod(wanted)

    def _new_signing(self, alg: str) -> str:
        key = _generated(alg)
        while (kid := key.thumbprint()).startswith("-"):
            # On a command line it would be an option.
            key = _generated(alg)
        self._write(f"sign-{kid}.json", {**key.as_dict(private=True), "kid": kid, "alg": alg, "use": "sig"})
        return kid

    def _new_symmetric(self, purpose: str) -> str:
        held = self._keys.symmetric.get(purpose, ())
        kid = f"{purpose}-{_version(held[0].kid) + 1 if held else 1}"
        secret = base64.urlsafe_b64encode(self._entropy.octets(_SECRET_BYTES)).rstrip(b"=").decode("ascii")
        alg = PURPOSES[purpose]
        use = "enc" if alg == "A256GCM" else "sig"
        self._write(f"{kid}.json", {"kty": "oct", "kid": kid, "alg": alg, "use": use, "k": secret})
        return kid

    def _write(self, name: str, jwk: Mapping[str, Any]) -> None:
        beside = self._directory / f".{name}.new"
        beside.unlink(missing_ok=True)  # what a crash left; the lock tells that nobody is writing it
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        mode = 0o640 if self._group_readable else 0o600
        try:
            with os.fdopen(os.open(beside, flags, mode), "wb") as file:
                file.write(json.dumps(jwk, indent=1).encode("ascii"))
                file.flush()
                os.fsync(file.fileno())
            beside.rename(self._directory / name)
        except BaseException:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
            raise
        folder = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    # --- reading -----------------------------------------------------------------------------------

    def _read(self) -> _Keys:
        faults: list[KeyFault] = []
        parsed: dict[str, tuple[tuple[int, ...], SigningKey | SymmetricKey]] = {}
        try:
            self._check(os.stat(self._directory, follow_symlinks=True), folder=True)
            names = sorted(entry.name for entry in self._directory.iterdir())
        except _Refused as why:
            faults.append(KeyFault(self._directory, str(why)))
            names = (
                sorted(entry.name for entry in self._directory.iterdir()) if self._directory.is_dir() else []
            )
        except OSError as error:
            raise KeyFilesRefused((KeyFault(self._directory, _unreadable(error)),)) from error
        for name in names:
            if name.endswith(".json") and not name.startswith("."):
                try:
                    parsed[name] = self._read_file(name)
                except FileNotFoundError:
                    continue  # another process discarded it since the folder was listed
                except _Refused as why:
                    faults.append(KeyFault(self._directory / name, str(why)))
                except OSError as error:
                    faults.append(KeyFault(self._directory / name, _unreadable(error)))
        if faults:
            raise KeyFilesRefused(tuple(faults))
        return _arranged(parsed)

    def _read_file(self, name: str) -> tuple[tuple[int, ...], SigningKey | SymmetricKey]:
        """One key, from the file that was checked and no other: the open file is examined, not its name."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            opened = os.open(self._directory / name, flags)
        except OSError as error:
            if (self._directory / name).is_symlink():
                raise _Refused("is a symbolic link; a plain file is wanted") from error
            raise
        try:
            found = os.fstat(opened)
            self._check(found, folder=False)
            stamp = (found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size)
            before = self._keys.parsed.get(name)
            if before is not None and before[0] == stamp:
                return before
            with os.fdopen(opened, "rb", closefd=False) as file:
                content = file.read(_LONGEST_FILE + 1)
        finally:
            os.close(opened)
        return stamp, _parsed(name, content)

    def _check(self, found: os.stat_result, *, folder: bool) -> None:
        """Refuse what another user could read or replace."""
        if folder and not stat.S_ISDIR(found.st_mode):
            raise _Refused("is not a folder")
        if not folder and not stat.S_ISREG(found.st_mode):
            raise _Refused("is not a plain file")
        owners = {os.geteuid(), 0} if self._group_readable else {os.geteuid()}
        if found.st_uid not in owners:
            raise _Refused(f"belongs to user {found.st_uid}, but the service runs as user {os.geteuid()}")
        mode = stat.S_IMODE(found.st_mode)
        allowed = (0o750 if folder else 0o640) if self._group_readable else (0o700 if folder else 0o600)
        if mode & 0o777 & ~allowed:
            raise _Refused(f"has mode {mode:04o}; at most {allowed:04o} is allowed (chmod {allowed:o})")


def _known_algorithm(alg: str) -> None:
    if alg not in SIGNING_ALGORITHMS:
        raise ValueError(f"keys are made for {' and '.join(SIGNING_ALGORITHMS)} only, not for {alg!r}")


def _unreadable(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "does not exist; `idp keys init` writes what is missing"
    return f"cannot be read: {error.strerror}"


def _generated(alg: str) -> ECKey | RSAKey:
    return ECKey.generate_key("P-256") if alg == "ES256" else RSAKey.generate_key(_RSA_BITS)


def _version(kid: str) -> int:
    return int(kid.rpartition("-")[2])


def _arranged(parsed: Mapping[str, tuple[tuple[int, ...], SigningKey | SymmetricKey]]) -> _Keys:
    signing: dict[str, SigningKey] = {}
    by_purpose: dict[str, list[SymmetricKey]] = {}
    for _, key in parsed.values():
        if isinstance(key, SigningKey):
            signing[key.kid] = key
        else:
            by_purpose.setdefault(key.kid.rpartition("-")[0], []).append(key)
    symmetric = {
        purpose: tuple(sorted(keys, key=lambda key: _version(key.kid), reverse=True))
        for purpose, keys in by_purpose.items()
    }
    return _Keys(MappingProxyType(signing), MappingProxyType(symmetric), parsed)


def _parsed(name: str, content: bytes) -> SigningKey | SymmetricKey:
    """The key of one file; raises ``_Refused`` when the file is not what its name says."""
    stem = name.removesuffix(".json")
    try:
        jwk = json.loads(content)
    except ValueError:
        jwk = None
    if not isinstance(jwk, dict) or len(content) > _LONGEST_FILE:
        raise _Refused("is not a JWK (truncated or foreign file)")
    if stem.startswith("sign-"):
        return _signing(stem.removeprefix("sign-"), jwk)
    purpose, _, version = stem.rpartition("-")
    if purpose not in PURPOSES or not version.isascii() or not version.isdigit() or version.startswith("0"):
        raise _Refused("has a name that no key of ours has")
    return _symmetric(stem, PURPOSES[purpose], jwk)


def _signing(kid: str, jwk: dict[str, Any]) -> SigningKey:
    alg = jwk.get("alg")
    key: ECKey | RSAKey
    try:
        if (alg, jwk.get("kty"), jwk.get("crv")) == ("ES256", "EC", "P-256"):
            key = ECKey.import_key(jwk)
        elif (alg, jwk.get("kty")) == ("RS256", "RSA"):
            key = RSAKey.import_key(jwk)
        else:
            raise _Refused("is not a key of ES256 or RS256")
        if not key.is_private:
            raise _Refused("holds no private key")
        thumbprint = key.thumbprint()
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise _Refused("is not a whole and valid private JWK") from error
    if kid != thumbprint or jwk.get("kid") != kid:
        raise _Refused("is named after another key (kid is not its RFC 7638 thumbprint)")
    native = key.private_key
    if isinstance(key, RSAKey) and (native is None or native.key_size < _RSA_BITS):
        raise _Refused(f"is an RSA key of less than {_RSA_BITS} bits")
    public = {member: str(jwk[member]) for member in _PUBLIC_MEMBERS[key.key_type]}
    return SigningKey(
        kid, str(alg), key, MappingProxyType({**public, "kid": kid, "alg": str(alg), "use": "sig"})
    )


def _symmetric(kid: str, alg: str, jwk: dict[str, Any]) -> SymmetricKey:
    encoded = jwk.get("k")
    if (
        jwk.get("kty") != "oct"
        or jwk.get("kid") != kid
        or jwk.get("alg") != alg
        or not isinstance(encoded, str)
    ):
        raise _Refused(f"is not the {alg} key that its name says")
    try:
        secret = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise _Refused("holds no base64url secret") from None
    if len(secret) != _SECRET_BYTES:
        raise _Refused(f"holds a secret that is not {_SECRET_BYTES * 8} bits long")
    return SymmetricKey(kid, secret)
