"""The key ring in files: what it makes, what it refuses, and what a crash or a rival leaves."""

import base64
import json
import os
import resource
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from idp.adapters.entropy import SystemEntropy
from idp.adapters.keyring import PURPOSES, FileKeyRing, KeyFilesRefused
from idp.ports import KeyRing


def ring(directory: Path, *, group_readable: bool = False) -> FileKeyRing:
    return FileKeyRing(directory, SystemEntropy(), group_readable=group_readable)


@pytest.fixture(scope="session")
def whole_set(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a new installation, by name; made once, since an RSA key takes its time."""
    directory = tmp_path_factory.mktemp("whole") / "keys"
    ring(directory).create_missing()
    return {path.name: path.read_bytes() for path in directory.iterdir()}


@pytest.fixture
def keys(tmp_path: Path, whole_set: dict[str, bytes]) -> Path:
    """A folder with a whole set of keys."""
    directory = tmp_path / "keys"
    directory.mkdir(mode=0o700)
    for name, content in whole_set.items():
        (directory / name).write_bytes(content)
        (directory / name).chmod(0o600)
    return directory


def signing_file(keys: Path, alg: str) -> Path:
    return next(path for path in keys.glob("sign-*.json") if json.loads(path.read_text())["alg"] == alg)


def refused(directory: Path, *, group_readable: bool = False) -> dict[str, str]:
    with pytest.raises(KeyFilesRefused) as caught:
        ring(directory, group_readable=group_readable).load()
    return {fault.path.name: fault.message for fault in caught.value.faults}


# --- making ----------------------------------------------------------------------------------------


def test_a_new_installation_gets_one_key_for_each_purpose_and_algorithm(keys: Path) -> None:
    port: KeyRing = ring(keys).load()
    assert sorted(key.alg for key in port.signing_keys().values()) == ["ES256", "RS256"]
    for purpose in PURPOSES:
        (key,) = port.symmetric(purpose)
        assert key.kid == f"{purpose}-1"
        assert len(key.secret) == 32
    assert len({port.symmetric(purpose)[0].secret for purpose in PURPOSES}) == len(PURPOSES)


def test_what_is_there_is_not_made_again(keys: Path) -> None:
    before = {path.name: path.read_bytes() for path in keys.iterdir()}
    assert ring(keys).create_missing() == ()
    (keys / "codes-1.json").unlink()
    assert ring(keys).create_missing() == ("codes-1",)
    after = {path.name: path.read_bytes() for path in keys.iterdir()}
    assert {name for name in before if before[name] != after[name]} == {"codes-1.json"}


@pytest.mark.parametrize("alg", ["ES256", "RS256"])
def test_a_signing_key_signs_and_its_public_half_verifies(keys: Path, alg: str) -> None:
    key = next(key for key in ring(keys).load().signing_keys().values() if key.alg == alg)
    token = jws.serialize_compact({"alg": alg, "kid": key.kid}, b"x", key.private, algorithms=[alg])
    kind = ECKey if alg == "ES256" else RSAKey
    public = kind.import_key(dict(key.public))
    assert jws.deserialize_compact(token, public, algorithms=[alg]).payload == b"x"
    assert key.kid == public.thumbprint()


def test_a_public_half_holds_nothing_private(keys: Path) -> None:
    for key in ring(keys).load().signing_keys().values():
        assert set(key.public) <= {"kty", "crv", "x", "y", "n", "e", "kid", "alg", "use"}
        assert (key.public["kid"], key.public["alg"], key.public["use"]) == (key.kid, key.alg, "sig")


def test_an_rsa_key_has_2048_bits(keys: Path) -> None:
    key = next(key for key in ring(keys).load().signing_keys().values() if key.alg == "RS256")
    assert len(base64.urlsafe_b64decode(key.public["n"] + "==")) == 256


def test_a_new_version_becomes_the_current_and_the_older_stay(keys: Path) -> None:
    held = ring(keys)
    made = [held.create_symmetric("codes") for _ in range(10)]
    assert made == [f"codes-{version}" for version in range(2, 12)]
    # 11 comes before 2: versions are numbers, not texts
    assert [key.kid for key in held.symmetric("codes")] == [
        f"codes-{version}" for version in range(11, 0, -1)
    ]


def test_another_process_sees_a_new_key_after_reload(keys: Path) -> None:
    here, elsewhere = ring(keys).load(), ring(keys)
    kid = elsewhere.create_signing("ES256")
    assert kid not in here.signing_keys()
    here.reload()
    assert here.signing_keys()[kid].alg == "ES256"


def test_reload_does_not_parse_again_what_did_not_change(keys: Path) -> None:
    held = ring(keys).load()
    before = {kid: key.private for kid, key in held.signing_keys().items()}
    held.reload()
    assert all(held.signing_keys()[kid].private is private for kid, private in before.items())


def test_a_discarded_key_is_gone_for_everyone_and_discarding_again_is_nothing(keys: Path) -> None:
    held, elsewhere = ring(keys).load(), ring(keys).load()
    kid = next(iter(held.signing_keys()))
    held.discard(kid)
    held.discard(kid)
    elsewhere.discard(kid)
    assert not (keys / f"sign-{kid}.json").exists()
    elsewhere.reload()
    assert kid not in held.signing_keys()
    assert kid not in elsewhere.signing_keys()


@pytest.mark.parametrize("kid", ["../outside", "x/../../outside", "codes-1", ""])
def test_discard_reaches_signing_keys_only(keys: Path, kid: str) -> None:
    (keys / "sign-x").mkdir()
    outside = keys.parent / "outside.json"
    outside.write_text("{}")
    before = set(keys.iterdir())
    ring(keys).discard(kid)
    assert outside.exists()
    assert set(keys.iterdir()) == before


def test_an_unknown_algorithm_or_purpose_is_refused(keys: Path) -> None:
    with pytest.raises(ValueError, match="ES256 and RS256 only"):
        ring(keys).create_signing("HS256")
    with pytest.raises(ValueError, match="'pepper'"):
        ring(keys).create_symmetric("pepper")
    with pytest.raises(KeyError):
        ring(keys).load().symmetric("pepper")


def test_nothing_of_a_secret_is_printed(keys: Path) -> None:
    held = ring(keys).load()
    for key in held.signing_keys().values():
        private = json.loads((keys / f"sign-{key.kid}.json").read_text())["d"]
        assert private not in repr(key)
    assert repr(held.symmetric("data")[0]) == "SymmetricKey(kid='data-1')"


# --- who may read ----------------------------------------------------------------------------------


def test_files_are_made_for_their_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        ring(tmp_path / "deep/keys").create_symmetric("codes")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "deep/keys").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "deep/keys/codes-1.json").stat().st_mode) == 0o600


def test_the_open_folder_of_a_checkout_is_closed_before_the_first_key(tmp_path: Path) -> None:
    directory = tmp_path / "keys"
    directory.mkdir()
    directory.chmod(0o755)
    (directory / "README.md").touch(mode=0o644)
    ring(directory).create_symmetric("codes")
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_an_open_folder_with_keys_in_it_is_refused_and_left_as_it_is(keys: Path) -> None:
    keys.chmod(0o755)
    with pytest.raises(KeyFilesRefused, match="0755"):
        ring(keys).create_symmetric("codes")
    assert stat.S_IMODE(keys.stat().st_mode) == 0o755
    assert not (keys / "codes-2.json").exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o644, 0o666, 0o700, 0o777])
def test_a_file_that_others_can_touch_is_refused(keys: Path, mode: int) -> None:
    (keys / "data-1.json").chmod(mode)
    assert refused(keys) == {"data-1.json": f"has mode {mode:04o}; at most 0600 is allowed (chmod 600)"}


@pytest.mark.parametrize("mode", [0o710, 0o750, 0o701, 0o755, 0o770, 0o777])
def test_a_folder_that_others_can_enter_is_refused(keys: Path, mode: int) -> None:
    keys.chmod(mode)
    assert refused(keys) == {"keys": f"has mode {mode:04o}; at most 0700 is allowed (chmod 700)"}


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_stricter_file_is_taken(keys: Path, mode: int) -> None:
    for path in keys.iterdir():
        path.chmod(mode)
    assert ring(keys).load().symmetric("data")


@pytest.mark.parametrize(
    ("file", "folder", "faults"),
    [
        (0o440, 0o750, set()),
        (0o640, 0o750, set()),
        (0o600, 0o700, set()),
        (0o444, 0o750, {"data-1.json"}),
        (0o660, 0o750, {"data-1.json"}),
        (0o450, 0o750, {"data-1.json"}),
        (0o440, 0o770, {"keys"}),
        (0o440, 0o755, {"keys"}),
    ],
)
def test_the_group_may_read_and_no_more_where_the_setting_says_so(
    keys: Path, file: int, folder: int, faults: set[str]
) -> None:
    (keys / "data-1.json").chmod(file)
    keys.chmod(folder)
    if faults:
        assert set(refused(keys, group_readable=True)) == faults
    else:
        assert ring(keys, group_readable=True).load().symmetric("data")


def test_a_key_made_for_a_group_can_be_read_by_it(tmp_path: Path) -> None:
    ring(tmp_path / "keys", group_readable=True).create_symmetric("codes")
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o750
    assert stat.S_IMODE((tmp_path / "keys/codes-1.json").stat().st_mode) == 0o640


def test_somebody_else_s_files_are_refused(keys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, other = os.geteuid(), os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: other)
    faults = refused(keys)
    assert set(faults) == {"keys", *(path.name for path in keys.iterdir())}
    assert set(faults.values()) == {f"belongs to user {owner}, but the service runs as user {other}"}


def test_every_fault_is_told_at_once(keys: Path) -> None:
    keys.chmod(0o711)
    (keys / "data-1.json").chmod(0o644)
    (keys / "codes-1.json").write_text("")
    (keys / "pepper-1.json").touch(mode=0o600)
    assert set(refused(keys)) == {"keys", "data-1.json", "codes-1.json", "pepper-1.json"}


def test_a_missing_folder_says_what_to_do(tmp_path: Path) -> None:
    assert refused(tmp_path / "none") == {"none": "does not exist; `idp keys init` writes what is missing"}


def test_a_symbolic_link_is_refused(keys: Path) -> None:
    (keys / "data-1.json").rename(keys.parent / "elsewhere")
    (keys / "data-1.json").symlink_to(keys.parent / "elsewhere")
    assert refused(keys) == {"data-1.json": "is a symbolic link; a plain file is wanted"}


def test_a_pipe_or_a_folder_in_place_of_a_key_is_refused(keys: Path) -> None:
    (keys / "data-1.json").unlink()
    os.mkfifo(keys / "data-1.json", 0o600)
    (keys / "data-2.json").mkdir(mode=0o600)
    assert refused(keys) == {"data-1.json": "is not a plain file", "data-2.json": "is not a plain file"}


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "keys").touch(mode=0o600)
    assert refused(tmp_path / "keys") == {"keys": "is not a folder"}


# --- what is in the files --------------------------------------------------------------------------


def changed(path: Path, **members: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **members}))


def weak_rsa(keys: Path) -> None:
    key = RSAKey.generate_key(1024)
    kid = key.thumbprint()
    path = keys / f"sign-{kid}.json"
    path.write_text(json.dumps({**key.as_dict(private=True), "kid": kid, "alg": "RS256", "use": "sig"}))
    path.chmod(0o600)


def renamed_throughout(keys: Path) -> None:
    """File and kid agree with each other, but not with the key."""
    path = signing_file(keys, "ES256")
    changed(path, kid="chosen")
    path.rename(keys / "sign-chosen.json")


def without_private_half(keys: Path) -> None:
    path = signing_file(keys, "ES256")
    jwk = json.loads(path.read_text())
    del jwk["d"]
    path.write_text(json.dumps(jwk))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda keys: (keys / "data-1.json").write_bytes(b""), "is not a JWK"),
        (lambda keys: (keys / "data-1.json").write_bytes(b"[]"), "is not a JWK"),
        (lambda keys: (keys / "data-1.json").write_bytes(b"\xff\xff"), "is not a JWK"),
        (lambda keys: (keys / "data-1.json").write_bytes(b" " * 20000 + b"{}"), "is not a JWK"),
        (lambda keys: changed(keys / "data-1.json", k="c2hvcnQ"), "not 256 bits long"),
        (lambda keys: changed(keys / "data-1.json", k="*" * 43), "no base64url secret"),
        (lambda keys: changed(keys / "data-1.json", k=7), "not the A256GCM key"),
        (lambda keys: changed(keys / "data-1.json", kid="data-2"), "not the A256GCM key"),
        (lambda keys: (keys / "data-1.json").rename(keys / "data-2.json"), "not the A256GCM key"),
        (lambda keys: (keys / "codes-1.json").replace(keys / "data-1.json"), "not the A256GCM key"),
        (lambda keys: (keys / "data-1.json").rename(keys / "data-01.json"), "name that no key of ours has"),
        (lambda keys: (keys / "data-1.json").rename(keys / "data.json"), "name that no key of ours has"),
        (lambda keys: changed(signing_file(keys, "ES256"), alg="ES384"), "not a key of ES256 or RS256"),
        (lambda keys: changed(signing_file(keys, "ES256"), alg="RS256"), "not a key of ES256 or RS256"),
        (lambda keys: changed(signing_file(keys, "ES256"), kid="x"), "named after another key"),
        (lambda keys: signing_file(keys, "ES256").rename(keys / "sign-x.json"), "named after another key"),
        (lambda keys: changed(signing_file(keys, "ES256"), d="AAAA"), "not a whole and valid private JWK"),
        (lambda keys: changed(signing_file(keys, "ES256"), x="AAAA"), "not a whole and valid private JWK"),
        (lambda keys: changed(signing_file(keys, "ES256"), x=7), "not a whole and valid private JWK"),
        (lambda keys: changed(signing_file(keys, "RS256"), p="AAAA"), "not a whole and valid private JWK"),
        (lambda keys: changed(signing_file(keys, "RS256"), n=None), "not a whole and valid private JWK"),
        (renamed_throughout, "named after another key"),
        (without_private_half, "holds no private key"),
        (weak_rsa, "is an RSA key of less than 2048 bits"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*:joserfc.errors.SecurityWarning")
def test_a_file_that_is_not_the_key_it_is_named_after_is_refused(
    keys: Path, spoil: Callable[[Path], object], reason: str
) -> None:
    spoil(keys)
    (message,) = refused(keys).values()
    assert reason in message


def test_a_fault_never_repeats_what_is_in_the_file(keys: Path) -> None:
    path = signing_file(keys, "ES256")
    private = json.loads(path.read_text())["d"]
    changed(path, d=private[:-4] + "AAAA")
    changed(keys / "data-1.json", k="ParolaSegreta")
    with pytest.raises(KeyFilesRefused) as caught:
        ring(keys).load()
    assert private[:-4] not in str(caught.value)
    assert "ParolaSegreta" not in str(caught.value)


def test_other_files_are_left_alone(keys: Path) -> None:
    (keys / "README.md").touch(mode=0o644)
    (keys / ".gitignore").touch(mode=0o644)
    (keys / ".data-2.json.new").write_text("half a k")
    assert [key.kid for key in ring(keys).load().symmetric("data")] == ["data-1"]


def test_a_refused_reload_keeps_the_keys_it_had(keys: Path) -> None:
    held = ring(keys).load()
    before = held.signing_keys()
    (keys / "data-1.json").chmod(0o644)
    with pytest.raises(KeyFilesRefused):
        held.reload()
    assert held.signing_keys() is before
    assert held.symmetric("data")


# --- crashes and rivals ----------------------------------------------------------------------------


def test_a_full_disk_leaves_no_key_and_no_remains(keys: Path) -> None:
    """The kernel refuses to let a file grow past its limit in the middle of the write."""
    before = {path.name for path in keys.iterdir()}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            ring(keys).create_symmetric("data")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert {path.name for path in keys.iterdir()} == before
    assert ring(keys).create_symmetric("data") == "data-2"


def test_what_a_crash_left_does_not_stop_the_next_write(keys: Path) -> None:
    (keys / ".data-2.json.new").write_text('{"kty": "oc')
    assert ring(keys).create_symmetric("data") == "data-2"
    assert not (keys / ".data-2.json.new").exists()


def test_rivals_that_start_for_the_first_time_make_one_set(tmp_path: Path) -> None:
    def begin(_: int) -> tuple[str, ...]:
        return ring(tmp_path / "keys").create_missing(algorithms=("ES256",))

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(begin, range(8)))
    assert sorted(len(kids) for kids in made) == [0] * 7 + [len(PURPOSES) + 1]
    assert len(list((tmp_path / "keys").glob("*.json"))) == len(PURPOSES) + 1


def test_rivals_that_add_versions_add_one_each(keys: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: ring(keys).create_symmetric("codes"), range(16)))
    assert sorted(made) == sorted(f"codes-{version}" for version in range(2, 18))


def test_a_reader_beside_a_writer_never_sees_half_a_key(keys: Path) -> None:
    writer, reader = ring(keys), ring(keys).load()

    def write() -> None:
        for _ in range(25):
            writer.discard(writer.create_signing("ES256"))

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        while not writing.done():
            reader.reload()
        writing.result()
    assert len(reader.load().signing_keys()) == 2
