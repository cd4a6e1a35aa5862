"""The JWK Set (RFC 7517) and the life of the keys in it."""

import json

import pytest
from joserfc.errors import JoseError

from idp.flows import keys
from idp.flows.keys import NoSuchKey, TooEarly
from idp.oidc.jose import InvalidToken
from idp.store.keys import KeyRow
from tests.specs.house import House, open_house

DAY = 86400


def published(house: House) -> set[str]:
    return {key["kid"] for key in house.caller.get("/jwks").json["keys"]}


def active(house: House, alg: str = "ES256") -> str:
    return next(row.kid for row in keys.listing(house.idp) if row.alg == alg and row.state == "active")


def state_of(house: House, kid: str) -> str | None:
    return next((row.state for row in keys.listing(house.idp) if row.kid == kid), None)


def test_every_key_is_public_named_and_for_signatures(house: House) -> None:
    reply = house.caller.get("/jwks")
    found = reply.json["keys"]
    assert {key["alg"] for key in found} == {"ES256", "RS256"}
    assert len({key["kid"] for key in found}) == len(found)
    for key in found:
        assert key["use"] == "sig"
        members = {"kty", "kid", "alg", "use"} | ({"crv", "x", "y"} if key["kty"] == "EC" else {"n", "e"})
        assert key.keys() == members
    assert reply.header("Content-Type") == "application/json"


def test_it_may_be_kept_for_a_while_and_is_asked_for_by_etag(house: House) -> None:
    first = house.caller.get("/jwks")
    assert first.header("Cache-Control") == "public, max-age=300"
    etag = first.header("ETag")
    assert etag is not None
    again = house.caller.get("/jwks", headers={"If-None-Match": etag})
    assert (again.status, again.body) == (304, b"")
    assert again.header("ETag") == etag
    assert house.caller.get("/jwks", headers={"If-None-Match": '"other"'}).status == 200
    assert house.caller.get("/jwks", headers={"If-None-Match": f'"other", W/{etag}'}).status == 304


def test_a_head_has_the_headers_and_no_body(house: House) -> None:
    get, head = house.caller.get("/jwks"), house.caller.call("HEAD", "/jwks")
    assert head.body == b""
    assert head.header("Content-Length") == get.header("Content-Length") == str(len(get.body))


def test_a_new_key_is_published_before_it_signs(house: House) -> None:
    before = active(house)
    fresh = keys.new(house.idp, "ES256", now=house.clock.now())
    assert published(house) >= {before, fresh}
    assert active(house) == before
    early = keys.activate(house.idp, fresh, now=house.clock.now() + 299)
    assert early == TooEarly(fresh, house.clock.now() + 300)
    house.clock.move(300)
    assert isinstance(keys.activate(house.idp, fresh, now=house.clock.now()), KeyRow)
    assert active(house) == fresh
    token = house.tokens(house.add(), house.holder())["access_token"]
    assert house.read(token).header["kid"] == fresh


def test_an_old_token_verifies_until_it_dies_and_its_key_leaves_after(house: House) -> None:
    portal, holder = house.add(), house.holder()
    old_key = active(house)
    token = house.tokens(portal, holder)["access_token"]
    keys.rotate(house.idp, now=house.clock.now(), at_once=True)
    assert state_of(house, old_key) == "retired"
    assert house.read(token).header["kid"] == old_key
    assert house.userinfo(token).status == 200
    house.clock.move(599)
    assert old_key in published(house)
    house.clock.move(62)
    assert old_key not in published(house)


def test_a_retired_key_is_still_believed_for_hints_as_long_as_a_session_lasts(house: House) -> None:
    portal, holder = house.add(), house.holder()
    hint = house.tokens(portal, holder)["id_token"]
    keys.rotate(house.idp, now=house.clock.now(), at_once=True)
    house.clock.move(6 * 3600)
    assert house.idp.signers.verify(hint, "JWT", ("ES256",))["sub"] == holder.sub
    house.clock.move(6 * 3600 + 61)
    with pytest.raises(InvalidToken):
        house.idp.signers.verify(hint, "JWT", ("ES256",))


def test_rotation_by_age_publishes_then_activates_then_forgets(house: House) -> None:
    first = active(house)
    assert keys.rotate(house.idp, now=house.clock.now()) == keys.Rotated((), (), ())
    house.clock.move(90 * DAY - 300)
    announced = keys.rotate(house.idp, now=house.clock.now())
    assert len(announced.announced) == 2
    assert announced.activated == ()
    assert keys.rotate(house.idp, now=house.clock.now()) == keys.Rotated((), (), ())
    house.clock.move(300)
    activated = keys.rotate(house.idp, now=house.clock.now())
    assert set(activated.activated) == set(announced.announced)
    assert state_of(house, first) == "retired"
    house.clock.move(12 * 3600 + 301)
    assert first in keys.rotate(house.idp, now=house.clock.now()).forgotten
    assert state_of(house, first) is None
    house.idp.keyring.reload()
    assert first not in house.idp.keyring.signing_keys()


def test_a_compromised_key_takes_its_tokens_with_it_at_once(house: House) -> None:
    portal, holder = house.add(), house.holder()
    stolen = active(house)
    tokens = house.tokens(portal, holder)
    done = keys.rotate(house.idp, now=house.clock.now(), compromised=True)
    assert stolen in done.forgotten
    assert stolen not in published(house)
    assert house.userinfo(tokens["access_token"]).status == 401
    with pytest.raises(JoseError):
        house.read(tokens["access_token"])
    fresh = house.refresh(portal, tokens["refresh_token"])
    assert house.userinfo(fresh.json["access_token"]).status == 200


def test_a_compromised_folder_takes_all_its_keys_with_it_at_once(house: House) -> None:
    """Who copied the key that signs has the one that waits and the one just retired as well."""
    retired = active(house)
    keys.rotate(house.idp, now=house.clock.now(), at_once=True)
    signing, waiting = active(house), keys.new(house.idp, "ES256", now=house.clock.now())
    done = keys.rotate(house.idp, now=house.clock.now(), compromised=True)
    assert {retired, signing, waiting} <= set(done.forgotten)
    assert not {retired, signing, waiting} & published(house)
    assert {row.state for row in keys.listing(house.idp)} == {"active"}
    house.idp.keyring.reload()
    assert not {retired, signing, waiting} & set(house.idp.keyring.signing_keys())
    assert house.tokens(house.add(), house.holder())


def test_the_active_key_cannot_be_retired_without_another(house: House) -> None:
    kid = active(house)
    for compromised in (False, True):
        assert keys.retire(house.idp, kid, now=house.clock.now(), compromised=compromised) == NoSuchKey(kid)
    assert active(house) == kid


def test_a_key_that_waits_can_be_retired(house: House) -> None:
    kid = keys.new(house.idp, "ES256", now=house.clock.now())
    assert isinstance(keys.retire(house.idp, kid, now=house.clock.now()), KeyRow)
    house.clock.move(300)
    assert keys.activate(house.idp, kid, now=house.clock.now()) == NoSuchKey(kid)


def test_other_processes_follow_within_a_second(house: House) -> None:
    elsewhere = open_house(house.idp.settings.database.url, house.idp.settings.keys.directory)
    portal, holder = house.add(), house.holder()
    assert house.tokens(portal, holder)
    keys.rotate(elsewhere.idp, now=elsewhere.clock.now(), compromised=True)
    fresh = active(elsewhere)
    elsewhere.idp.database.engine.dispose()
    house.clock.move(1)
    token = house.tokens(portal, holder)["access_token"]
    assert house.read(token).header["kid"] == fresh


def test_a_node_without_the_active_key_is_not_ready_and_spends_nothing(house: House) -> None:
    portal, holder = house.add(), house.holder()
    code = house.code(portal.client, holder)
    folder = house.idp.settings.keys.directory
    file = folder / f"sign-{active(house)}.json"
    content = file.read_text()
    file.unlink()
    house.idp.keyring.reload()
    house.idp.signers.forget()
    ready = house.caller.get("/health/ready")
    assert (ready.status, ready.json["missing"]) == (503, ["keys"])
    assert house.caller.get("/health/live").status == 200
    assert house.exchange(portal, code).status == 503
    file.touch(mode=0o600)
    file.write_text(content)
    house.clock.move(1)
    house.idp.signers.forget()
    assert house.caller.get("/health/ready").status == 200
    assert house.exchange(portal, code).status == 200


def test_init_is_idempotent_and_adopts_what_is_on_file(house: House) -> None:
    before = keys.listing(house.idp)
    assert keys.init(house.idp, now=house.clock.now()) == ()
    assert keys.listing(house.idp) == before
    with house.idp.writing() as tx:
        tx.exec_driver_sql("DELETE FROM signing_keys")
    assert set(keys.init(house.idp, now=house.clock.now())) == {row.kid for row in before}


def test_the_private_parts_stand_in_no_table(house: House) -> None:
    folder = house.idp.settings.keys.directory
    secrets = [json.loads(file.read_text()).get("d") for file in folder.glob("sign-*.json")]
    assert len(secrets) == 2
    with house.idp.reading() as tx:
        rows = str(tx.exec_driver_sql("SELECT * FROM signing_keys").all())
    assert not any(secret in rows for secret in secrets)
