"""Journey E over HTTP: what is stored, told and left in the trail, and what the pages withstand."""

import json
from dataclasses import replace

import pytest

from tests.journeys.account_walks import (
    DAY,
    EMAIL,
    HOLD,
    MOBILE,
    OTHER,
    confirmed_by_code,
    issued,
    pending,
    prove,
    run,
    sendable,
    sent,
    signed_in,
    value,
)
from tests.journeys.link_walks import GIULIA, LINK, accounts, began, elsewhere, link_for
from tests.journeys.passkey_walks import (
    ADD,
    CONFIRM,
    MAKE,
    USE,
    add,
    asked,
    enrolled,
    passkeys,
    refusals,
    sign_in,
    to_add,
    to_login,
    trail,
)
from tests.parts.soft_authenticator import BE, BS, PRESENT, UP, SoftAuthenticator, b64
from tests.service.in_process import InProcess
from tests.service.relying_party import portal
from tests.service.visitor import Visitor

KEY = "SELECT {} FROM passkeys ORDER BY created_at DESC LIMIT 1"


def registered(service: InProcess) -> Visitor:
    service.register(service.visitor())
    service.clock.move(3600)
    return signed_in(service)


def stored(service: InProcess, column: str) -> object:
    return value(service, KEY.format(column))


def refused(service: InProcess, visitor: Visitor, reason: str) -> None:
    """The page offers the password, nobody is signed in, and the trail knows why."""
    assert (visitor.page, visitor.faults) == ("login", ["page"])
    assert refusals(service)[-1] == reason
    visitor.get("/account")
    assert visitor.page == "login"


# --- adding -----------------------------------------------------------------------------------------------


def test_e_a_device_is_added_and_signs_in_without_a_username(clean_service: InProcess) -> None:
    _, device = enrolled(clean_service)
    visitor = to_login(clean_service)
    sign_in(visitor, device)
    assert visitor.page == "account"
    success = trail(clean_service, "sign_in_succeeded")[-1]
    assert success["proof"] == "passkey"
    assert success["passkey"] == stored(clean_service, "id")
    assert stored(clean_service, "last_used_at") == clean_service.clock.now()
    assert stored(clean_service, "sign_count") == 1


def test_e_adding_needs_a_proof_of_the_last_five_minutes(clean_service: InProcess) -> None:
    visitor = registered(clean_service)
    clean_service.clock.move(301)
    visitor.get(ADD)
    assert visitor.page == "account-confirm"
    assert visitor.send(MAKE, {"csrf": visitor.csrf}).status_code == 403


def test_e_a_proof_that_grew_old_meanwhile_adds_nothing(clean_service: InProcess) -> None:
    visitor = registered(clean_service)
    to_add(visitor)
    options = asked(visitor, MAKE)
    clean_service.clock.move(301)
    visitor.press(credential=json.dumps(SoftAuthenticator().create(options)))
    assert visitor.page == "account-confirm"
    assert passkeys(clean_service) == 0


def test_e_whoever_is_not_signed_in_is_asked_nothing(clean_service: InProcess) -> None:
    visitor = to_login(clean_service)
    token = visitor.csrf
    assert visitor.send(MAKE, {"csrf": token}).status_code == 403
    assert visitor.send(CONFIRM, {"csrf": token}).status_code == 403


def test_e_a_link_in_a_message_alone_leads_to_no_enrolment(clean_service: InProcess) -> None:
    began(clean_service, GIULIA)
    thief = elsewhere(clean_service, link_for(clean_service, GIULIA.contact))
    assert thief.page == "link"
    for address, page in ((ADD, "login"), ("/register/done", "register-profile")):
        twin = clean_service.visitor()
        twin.set_cookie(LINK, thief.cookie(LINK) or "")
        twin.get(address)
        assert twin.page == page
    answer = thief.send(MAKE, {"csrf": thief.csrf})
    assert (answer.status_code, answer.text) == (403, "{}")
    assert (passkeys(clean_service), accounts(clean_service)) == (0, 0)


def test_e_what_is_asked_is_asked_of_our_own_pages_alone(clean_service: InProcess) -> None:
    visitor = to_login(clean_service)
    for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert (
            visitor.send(USE, {"csrf": visitor.cookie("idp_browser_8000") or ""}, **headers).status_code
            == 403
        )
    assert visitor.fetch("GET", USE).status_code == 405


def test_e_the_user_handle_is_random_and_one_for_every_device(clean_service: InProcess) -> None:
    visitor = registered(clean_service)
    one, two = SoftAuthenticator(), SoftAuthenticator(credential_id=b"two")
    add(visitor, one)
    add(visitor, two)
    assert one.user_handle == two.user_handle
    assert len(one.user_handle) == 32
    sub = str(value(clean_service, "SELECT sub FROM accounts"))
    assert sub.encode() not in one.user_handle


def test_e_the_second_device_finds_the_first_one_excluded(clean_service: InProcess) -> None:
    visitor, device = enrolled(clean_service)
    to_add(visitor)
    options = asked(visitor, MAKE)
    assert [one["id"] for one in options["excludeCredentials"]] == [b64(device.credential_id)]


def test_e_a_credential_is_one_in_the_world(clean_service: InProcess) -> None:
    visitor, device = enrolled(clean_service)
    to_add(visitor)
    visitor.press(credential=json.dumps(device.create(asked(visitor, MAKE))))
    assert (visitor.page, visitor.faults) == ("passkey-add", ["page"])
    assert refusals(clean_service) == ["taken"]
    assert passkeys(clean_service) == 1


def test_e_a_form_sent_twice_adds_one(clean_service: InProcess) -> None:
    visitor = registered(clean_service)
    to_add(visitor)
    credential = json.dumps(SoftAuthenticator().create(asked(visitor, MAKE)))
    form = {"csrf": visitor.csrf, "credential": credential}
    answers = [visitor.send(ADD, form).status_code for _ in range(2)]
    assert answers == [303, 200]
    assert passkeys(clean_service) == 1


def test_e_no_more_than_twenty(clean_service: InProcess) -> None:
    visitor = registered(clean_service)
    for number in range(20):
        add(visitor, SoftAuthenticator(credential_id=b"%d" % number, algorithm="EdDSA"))
    to_add(visitor)
    last = SoftAuthenticator(credential_id=b"last", algorithm="EdDSA")
    visitor.press(credential=json.dumps(last.create(asked(visitor, MAKE))))
    assert (visitor.page, visitor.faults) == ("passkey-add", ["page"])
    assert passkeys(clean_service) == 20


def test_e_an_answer_to_another_question_adds_nothing(clean_service: InProcess) -> None:
    visitor = registered(clean_service)
    to_add(visitor)
    options = asked(visitor, MAKE)
    elsewhere = {**options, "challenge": b64(b"z" * 32)}
    visitor.press(credential=json.dumps(SoftAuthenticator().create(elsewhere)))
    assert (visitor.page, refusals(clean_service)) == ("passkey-add", ["challenge"])


def test_e_another_session_of_the_same_account_cannot_answer(clean_service: InProcess) -> None:
    one = registered(clean_service)
    other = signed_in(clean_service)
    to_add(one)
    to_add(other)
    options = asked(one, MAKE)
    other.press(credential=json.dumps(SoftAuthenticator().create(options)))
    assert (other.page, refusals(clean_service)) == ("passkey-add", ["challenge"])
    assert passkeys(clean_service) == 0


# --- proof, hold ------------------------------------------------------------------------------------------


def test_e_added_on_a_password_it_is_held_and_earns_the_lowest_class(clean_service: InProcess) -> None:
    _, device = enrolled(clean_service)
    until = stored(clean_service, "pending_until")
    assert until == clean_service.clock.now() + HOLD
    visitor = to_login(clean_service)
    sign_in(visitor, device)
    success = trail(clean_service, "sign_in_succeeded")[-1]
    assert (success["acr"], success["held"]) == ("urn:idp:acr:1", True)


def test_e_after_the_hold_it_earns_the_highest(clean_service: InProcess) -> None:
    _, device = enrolled(clean_service)
    clean_service.clock.move(HOLD)
    visitor = to_login(clean_service)
    sign_in(visitor, device)
    success = trail(clean_service, "sign_in_succeeded")[-1]
    assert (success["acr"], success["held"]) == ("urn:idp:acr:3", False)


def test_e_added_on_a_code_to_a_mobile_of_long_standing_it_is_full_at_once(clean_service: InProcess) -> None:
    enrolled(clean_service, strong=True)
    assert stored(clean_service, "pending_until") is None
    assert sent(clean_service, "passkey_added") == sorted([EMAIL, MOBILE])


def test_e_what_is_held_changes_no_factor(clean_service: InProcess) -> None:
    _, device = enrolled(clean_service)
    visitor = to_login(clean_service)
    sign_in(visitor, device)
    visitor.get("/account/passkeys")
    assert visitor.page == "account-confirm"
    assert 'id="use-passkey"' not in visitor.last.text
    assert visitor.send(CONFIRM, {"csrf": visitor.csrf}).status_code == 403


def test_e_a_device_added_with_a_full_one_is_full(clean_service: InProcess) -> None:
    _, device = enrolled(clean_service)
    clean_service.clock.move(HOLD)
    visitor = to_login(clean_service)
    sign_in(visitor, device)
    add(visitor, SoftAuthenticator(credential_id=b"second"))
    assert stored(clean_service, "pending_until") is None


def test_e_an_activation_code_ends_the_hold_and_is_used_up(clean_service: InProcess) -> None:
    visitor, device = enrolled(clean_service)
    code = issued(clean_service)
    visitor.get("/account/confirm-way")
    visitor.press(activation_code="AAAA-BBBB-CCCC-DDDD")
    assert (visitor.page, visitor.faults) == ("confirm-way", ["activation_code"])
    visitor.press(activation_code=code)
    assert (visitor.page, stored(clean_service, "pending_until")) == ("passkeys", None)
    assert len(trail(clean_service, "passkey_confirmed")) == 1
    signer = to_login(clean_service)
    sign_in(signer, device)
    assert trail(clean_service, "sign_in_succeeded")[-1]["acr"] == "urn:idp:acr:3"
    add(visitor, SoftAuthenticator(credential_id=b"second"))
    visitor.get("/account/confirm-way")
    visitor.press(activation_code=code)
    assert visitor.faults == ["activation_code"]


def test_e_another_customers_activation_code_ends_no_hold(clean_service: InProcess) -> None:
    visitor, _ = enrolled(clean_service)
    visitor.get("/account/confirm-way")
    visitor.press(activation_code=issued(clean_service, "C100003"))
    assert visitor.faults == ["activation_code"]
    assert stored(clean_service, "pending_until") is not None


def test_e_soon_after_a_recovery_even_a_strong_proof_is_held(clean_service: InProcess) -> None:
    visitor = registered(clean_service)
    run(clean_service, f"UPDATE accounts SET recovered_at = {clean_service.clock.now() - DAY + 60}")
    prove(clean_service, MOBILE)
    clean_service.clock.move(30)
    visitor.get("/account/confirm", to="passkey-add", by="code")
    add(visitor, SoftAuthenticator())
    assert stored(clean_service, "pending_until") is not None


def test_e_limited_after_a_recovery_nothing_is_added(clean_service: InProcess) -> None:
    visitor = registered(clean_service)
    run(clean_service, f"UPDATE accounts SET limited_until = {clean_service.clock.now() + 60}")
    visitor.get(ADD)
    assert visitor.page == "limited"


# --- telling, and one press -------------------------------------------------------------------------------


def test_e_every_change_is_told_to_every_contact(clean_service: InProcess) -> None:
    visitor, _ = enrolled(clean_service)
    assert sent(clean_service, "passkey_pending") == sorted([EMAIL, MOBILE])
    passkey = str(stored(clean_service, "id"))
    visitor.get("/account/passkeys/name", passkey=passkey)
    visitor.press(name="Il mio telefono")
    assert sent(clean_service, "passkey_renamed") == [EMAIL]
    visitor.get("/account/passkeys/remove", passkey=passkey)
    visitor.press()
    assert sent(clean_service, "passkey_removed") == sorted([EMAIL, MOBILE])
    for name in ("passkey_added", "passkey_renamed", "passkey_removed"):
        assert [one["passkey"] for one in trail(clean_service, name)] == [passkey]


def link(service: InProcess) -> str:
    newest = next(m for m in service.post() if m["purpose"] in ("passkey_pending", "passkey_added"))
    return str(newest["link"])


def test_e_opening_the_link_changes_nothing_and_one_press_ends_everything(clean_service: InProcess) -> None:
    thief, device = enrolled(clean_service)
    address = link(clean_service)
    owner = clean_service.visitor("203.0.113.9")
    for _ in range(3):
        owner.fetch("HEAD", address)
        owner.get(address)
    assert (owner.page, passkeys(clean_service)) == ("stop", 1)
    assert address.rsplit("/", 1)[1] not in owner.last.text
    owner.press(confirm="yes")
    assert (owner.page, passkeys(clean_service)) == ("stopped", 0)
    owner.get("/account")
    assert owner.page == "login"
    thief.get("/account")
    assert thief.page == "login"
    visitor = to_login(clean_service)
    sign_in(visitor, device)
    refused(clean_service, visitor, "unknown")
    assert trail(clean_service, "passkey_removed")[-1]["by"] == "link"


def test_e_one_press_also_takes_what_was_added_after_it(clean_service: InProcess) -> None:
    visitor = registered(clean_service)
    add(visitor, SoftAuthenticator())
    first = link(clean_service)
    clean_service.clock.move(61)
    add(visitor, SoftAuthenticator(credential_id=b"second"))
    pending(clean_service, visitor, OTHER)
    owner = clean_service.visitor("203.0.113.9")
    owner.get(first)
    owner.press(confirm="yes")
    assert passkeys(clean_service) == 0
    assert value(clean_service, "SELECT state FROM mobile_changes") == "cancelled"


def test_e_a_cancelled_mobile_takes_the_devices_added_after_it(clean_service: InProcess) -> None:
    visitor = registered(clean_service)
    add(visitor, SoftAuthenticator())
    clean_service.clock.move(61)
    pending(clean_service, visitor, OTHER)
    clean_service.clock.move(61)
    add(visitor, SoftAuthenticator(credential_id=b"after"))
    visitor.get("/account")
    visitor.press(cancel="yes")
    assert passkeys(clean_service) == 1
    assert trail(clean_service, "passkey_removed")[-1]["by"] == "mobile"


@pytest.mark.parametrize("when", ["used", "late", "unknown", "nonsense"])
def test_e_a_link_that_is_over_says_one_thing(clean_service: InProcess, when: str) -> None:
    enrolled(clean_service)
    address = link(clean_service)
    owner = clean_service.visitor()
    if when == "used":
        owner.get(address)
        owner.press(confirm="yes")
    elif when == "late":
        clean_service.clock.move(HOLD)
    else:
        address = address[:-3] + ("abc" if when == "unknown" else "%00!")
    owner.get(address)
    assert (owner.page, owner.last.status_code) == ("stop", 410)
    assert "<form" not in owner.last.text


# --- signing in -------------------------------------------------------------------------------------------


def test_e_a_replayed_signature_does_nothing(clean_service: InProcess) -> None:
    _, device = enrolled(clean_service)
    visitor = to_login(clean_service)
    credential = json.dumps(device.get(asked(visitor, USE)))
    visitor.press(credential=credential)
    assert visitor.page == "account"
    again = to_login(clean_service)
    again.press(credential=credential)
    refused(clean_service, again, "challenge")


def test_e_nor_does_it_in_the_same_browser(clean_service: InProcess) -> None:
    _, device = enrolled(clean_service)
    visitor = to_login(clean_service)
    credential = json.dumps(device.get(asked(visitor, USE)))
    visitor.press(credential=credential)
    visitor.get("/logout")
    visitor.press(confirm="yes")
    visitor.get("/account")
    assert visitor.page == "login"
    visitor.press(credential=credential)
    refused(clean_service, visitor, "challenge")


def test_e_a_question_of_five_minutes_ago_is_over(clean_service: InProcess) -> None:
    _, device = enrolled(clean_service)
    visitor = to_login(clean_service)
    options = asked(visitor, USE)
    clean_service.clock.move(300)
    visitor.press(credential=json.dumps(device.get(options)))
    refused(clean_service, visitor, "challenge")


def test_e_a_question_asked_in_another_browser_is_no_question_here(clean_service: InProcess) -> None:
    _, device = enrolled(clean_service)
    thief, victim = to_login(clean_service), to_login(clean_service)
    credential = json.dumps(device.get(asked(thief, USE)))
    victim.press(credential=credential)
    refused(clean_service, victim, "challenge")
    thief.press(credential=credential)
    refused(clean_service, thief, "challenge")


def test_e_a_question_for_one_purpose_is_none_for_another(clean_service: InProcess) -> None:
    visitor, device = enrolled(clean_service, strong=True)
    clean_service.clock.move(301)
    visitor.get(ADD)
    assert visitor.page == "account-confirm"
    visitor.press(credential=json.dumps(device.get(asked(visitor, USE))))
    assert (visitor.page, visitor.faults) == ("account-confirm", ["page"])
    assert refusals(clean_service) == ["challenge"]
    visitor.press(credential=json.dumps(device.get(asked(visitor, CONFIRM))))
    assert visitor.page == "passkey-add"


def test_e_a_refused_answer_uses_its_question_up(clean_service: InProcess) -> None:
    _, device = enrolled(clean_service)
    visitor = to_login(clean_service)
    options = asked(visitor, USE)
    visitor.press(credential=json.dumps(replace(device, flags=UP).get(options)))
    assert refusals(clean_service) == ["not_verified"]
    visitor.press(credential=json.dumps(device.get(options)))
    refused(clean_service, visitor, "challenge")


def test_e_a_bogus_signature_is_refused(clean_service: InProcess) -> None:
    _, device = enrolled(clean_service)
    visitor = to_login(clean_service)
    sign_in(visitor, replace(device, private_key=SoftAuthenticator().private_key))
    refused(clean_service, visitor, "signature")


def test_e_a_signature_in_the_name_of_another_site_is_refused(clean_service: InProcess) -> None:
    _, device = enrolled(clean_service)
    visitor = to_login(clean_service)
    # The page says that it is ours, and the device that it answered somebody else.
    sign_in(visitor, replace(device, rp_id="login.localhost"))
    refused(clean_service, visitor, "rp_id")
    visitor = to_login(clean_service)
    sign_in(visitor, device)
    visitor.get("/account")
    assert visitor.page == "account"


def test_e_another_users_credential_does_not_sign_in_as_its_owner(clean_service: InProcess) -> None:
    _, marias = enrolled(clean_service)
    luca = clean_service.visitor()
    clean_service.register(luca, "+393471234502", given_name="Luca", family_name="Verdi")
    his = SoftAuthenticator(credential_id=b"lucas")
    add(luca, his)
    visitor = to_login(clean_service)
    sign_in(visitor, replace(his, user_handle=marias.user_handle))
    refused(clean_service, visitor, "owner")


def test_e_a_copy_whose_counter_is_behind_is_refused_flagged_and_told(clean_service: InProcess) -> None:
    _, device = enrolled(clean_service)
    clean_service.clock.move(HOLD)
    copy = device.copied()
    owner = to_login(clean_service)
    sign_in(owner, device)
    thief = to_login(clean_service)
    sign_in(thief, copy)
    refused(clean_service, thief, "counter")
    sign_in(to_login(clean_service), device.copied())
    assert [one["passkey"] for one in trail(clean_service, "passkey_copied")] == [stored(clean_service, "id")]
    assert sent(clean_service, "passkey_copied") == sorted([EMAIL, MOBILE])
    assert passkeys(clean_service) == 1
    again = to_login(clean_service)
    device.count += 5
    sign_in(again, device)
    assert again.page == "account"
    assert trail(clean_service, "sign_in_succeeded")[-1]["acr"] == "urn:idp:acr:1"


def test_e_a_stranger_without_the_key_raises_no_alarm_of_a_copy(clean_service: InProcess) -> None:
    _, device = enrolled(clean_service)
    sign_in(to_login(clean_service), device)
    forged = replace(device, count=-1 + 1, private_key=SoftAuthenticator().private_key)
    visitor = to_login(clean_service)
    sign_in(visitor, forged)
    refused(clean_service, visitor, "signature")
    assert trail(clean_service, "passkey_copied") == []


def test_e_a_synced_key_counts_nothing_and_signs_in(clean_service: InProcess) -> None:
    _, device = enrolled(clean_service, SoftAuthenticator(flags=PRESENT | BE | BS, counts=False))
    for _ in range(3):
        visitor = to_login(clean_service)
        sign_in(visitor, device)
        assert visitor.page == "account"


def test_e_a_backup_flag_that_changes_is_refused_and_the_state_is_kept(clean_service: InProcess) -> None:
    _, device = enrolled(clean_service, SoftAuthenticator(flags=PRESENT | BE))
    assert stored(clean_service, "backed_up") in (0, False)
    device.flags = PRESENT | BE | BS
    sign_in(to_login(clean_service), device)
    assert stored(clean_service, "backed_up") in (1, True)
    device.flags = PRESENT
    visitor = to_login(clean_service)
    sign_in(visitor, device)
    refused(clean_service, visitor, "backup")


def test_e_a_locked_account_is_told_what_everybody_is(clean_service: InProcess) -> None:
    _, device = enrolled(clean_service)
    run(clean_service, "UPDATE accounts SET state = 'locked'")
    visitor = to_login(clean_service)
    sign_in(visitor, device)
    refused(clean_service, visitor, "not_active")


def test_e_wrong_passwords_do_not_slow_a_passkey_down(clean_service: InProcess) -> None:
    _, device = enrolled(clean_service)
    guesser = to_login(clean_service)
    for _ in range(12):
        guesser.press(username=EMAIL, password="Sbagliata7")
    assert guesser.last.status_code == 429
    visitor = to_login(clean_service)
    sign_in(visitor, device)
    assert visitor.page == "account"


def test_e_of_a_flood_the_trail_keeps_twenty_lines(clean_service: InProcess) -> None:
    visitor = to_login(clean_service)
    for _ in range(30):
        visitor.press(credential="{}")
    assert refusals(clean_service) == ["malformed"] * 20


def test_e_ten_signatures_at_once_with_one_counter_sign_in_once(clean_service: InProcess) -> None:
    _, device = enrolled(clean_service)
    visitors = [to_login(clean_service) for _ in range(10)]
    answers = []
    for visitor in visitors:
        device.count = 0
        answers.append(json.dumps(device.get(asked(visitor, USE))))
    clean_service.in_parallel(lambda n: visitors[n].press(credential=answers[n]), 10)
    assert sorted(str(visitor.page) for visitor in visitors) == ["account"] + ["login"] * 9


# --- looking after them -----------------------------------------------------------------------------------


def test_e_another_customers_device_is_neither_named_nor_removed(clean_service: InProcess) -> None:
    enrolled(clean_service)
    passkey = str(stored(clean_service, "id"))
    luca = clean_service.visitor()
    clean_service.register(luca, "+393471234502", given_name="Luca", family_name="Verdi")
    for page in ("name", "remove"):
        luca.get(f"/account/passkeys/{page}", passkey=passkey)
        assert luca.page == "passkeys"
        answer = luca.send(f"/account/passkeys/{page}?passkey={passkey}", {"csrf": _csrf(luca), "name": "x"})
        assert answer.status_code == 303
    assert passkeys(clean_service) == 1
    assert trail(clean_service, "passkey_renamed") == []


def _csrf(visitor: Visitor) -> str:
    visitor.get(ADD)
    return visitor.csrf


def test_e_the_last_way_in_stays(clean_service: InProcess) -> None:
    visitor, _ = enrolled(clean_service)
    passkey = str(stored(clean_service, "id"))
    run(clean_service, "UPDATE accounts SET password_hash = NULL")
    visitor.get("/account/passkeys/remove", passkey=passkey)
    assert 'id="continue"' not in visitor.last.text
    visitor.send(f"/account/passkeys/remove?passkey={passkey}", {"csrf": _csrf(visitor)})
    assert passkeys(clean_service) == 1


def test_e_two_removals_at_once_leave_the_last_way_in(service_on_both: InProcess) -> None:
    service = service_on_both
    visitor, _ = enrolled(service)
    add(visitor, SoftAuthenticator(credential_id=b"second"))
    run(service, "UPDATE accounts SET password_hash = NULL")
    with service.idp.reading() as tx:
        ids = list(tx.exec_driver_sql("SELECT id FROM passkeys").scalars())
    token = _csrf(visitor)
    service.in_parallel(
        lambda n: visitor.fetch("POST", f"/account/passkeys/remove?passkey={ids[n]}", data={"csrf": token}), 2
    )
    assert passkeys(service) == 1


def test_e_the_name_is_not_in_the_database_in_clear(clean_service: InProcess) -> None:
    visitor, _ = enrolled(clean_service)
    visitor.get("/account/passkeys/name", passkey=str(stored(clean_service, "id")))
    visitor.press(name="  Telefono   di Maria ")
    assert "Telefono di Maria" in visitor.last.text
    sealed = stored(clean_service, "sealed_name")
    assert isinstance(sealed, bytes)
    assert b"Maria" not in sealed
    visitor.get("/account/passkeys/name", passkey=str(stored(clean_service, "id")))
    visitor.press(name="x" * 41)
    assert visitor.faults == ["name"]


# --- offering ---------------------------------------------------------------------------------------------


def to_sign_in(service: InProcess, ready: str) -> Visitor:
    visitor = to_login(service)
    visitor.press(username=EMAIL, password="Tramonto7blu", passkey_ready=ready)
    return visitor


def test_a8_offered_where_the_device_can_until_never(clean_service: InProcess) -> None:
    registered(clean_service)
    assert to_sign_in(clean_service, "").page == "account"
    visitor = to_sign_in(clean_service, "yes")
    assert visitor.page == "passkey-offer"
    visitor.press()
    assert visitor.page == "account"
    visitor = to_sign_in(clean_service, "yes")
    assert visitor.page == "passkey-offer"
    visitor.press(never="yes")
    assert visitor.page == "account"
    assert len(trail(clean_service, "passkey_offer_declined")) == 1
    assert to_sign_in(clean_service, "yes").page == "account"


def test_a8_turned_on_from_the_offer(clean_service: InProcess) -> None:
    registered(clean_service)
    visitor = to_sign_in(clean_service, "yes")
    visitor.press(credential=json.dumps(SoftAuthenticator().create(asked(visitor, MAKE))))
    assert (visitor.page, passkeys(clean_service)) == ("account", 1)
    assert to_sign_in(clean_service, "yes").page == "account"


def test_a8_offered_at_the_end_of_the_registration_and_never_there_too(clean_service: InProcess) -> None:
    visitor = clean_service.visitor()
    clean_service.register(visitor)
    assert 'id="enrol-passkey"' in visitor.last.text
    visitor.press(credential=json.dumps(SoftAuthenticator().create(asked(visitor, MAKE))))
    assert passkeys(clean_service) == 1
    visitor.get("/register/done")
    assert 'id="enrol-passkey"' not in visitor.last.text


def test_a8_what_did_not_work_at_the_end_of_the_registration_is_said_there(clean_service: InProcess) -> None:
    visitor = clean_service.visitor()
    clean_service.register(visitor)
    visitor.press(credential="{}")
    assert (visitor.page, visitor.faults) == ("register-done", ["page"])
    visitor.press(never="yes")
    visitor.get("/register/done")
    assert 'id="enrol-passkey"' not in visitor.last.text


# --- recovery ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keep", [True, False])
def test_h_a_recovery_keeps_only_the_devices_that_are_ticked(clean_service: InProcess, keep: bool) -> None:
    enrolled(clean_service)
    visitor = clean_service.visitor("203.0.113.9")
    visitor.get("/recover/activate")
    visitor.press(identifier="RSSMRA80D52H501K", activation_code=issued(clean_service))
    if visitor.faults:
        raise AssertionError(visitor.faults)
    assert visitor.page == "recover-factors"
    handles = [part.split('"')[0] for part in visitor.last.text.split('name="keep_')[1:]]
    assert len(handles) == 1
    visitor.press(**({f"keep_{handles[0]}": "yes"} if keep else {}))
    visitor.press(new_password="Aurora9verde")
    assert visitor.page == "recover-done", (visitor.page, visitor.faults)
    assert passkeys(clean_service) == int(keep)
    assert [one["by"] for one in trail(clean_service, "passkey_removed")] == ([] if keep else ["recovery"])
    assert value(clean_service, "SELECT recovered_at FROM accounts") == clean_service.clock.now()


def test_g_a_full_passkey_stands_for_the_proof_of_a_contact(clean_service: InProcess) -> None:
    _, device = enrolled(clean_service)
    clean_service.clock.move(HOLD)
    visitor = to_login(clean_service)
    sign_in(visitor, device)
    visitor.get("/account/mobile")
    assert visitor.page == "mobile"


def test_g_beside_one_that_confirms_no_code_changes_anything(clean_service: InProcess) -> None:
    visitor, device = enrolled(clean_service, strong=True)
    clean_service.clock.move(301)
    visitor.get("/account/username")
    assert (visitor.page, "use-code" in visitor.last.text) == ("account-confirm", False)
    before = len(clean_service.post())
    for to in ("username", "mobile"):
        visitor.get("/account/confirm", to=to, by="code")
        assert visitor.page == "account-confirm"
        assert "use-passkey" in visitor.last.text
        assert sendable(visitor) == []
    assert len(clean_service.post()) == before
    visitor.press(credential=json.dumps(device.get(asked(visitor, CONFIRM))))
    assert visitor.page == "mobile"


def test_g_nor_does_a_code_that_was_given_for_something_else(clean_service: InProcess) -> None:
    visitor, _ = enrolled(clean_service)
    visitor = signed_in(clean_service)
    visitor.get("/account/mobile")
    confirmed_by_code(clean_service, visitor)
    assert visitor.page == "mobile"
    run(clean_service, "UPDATE passkeys SET pending_until = NULL")
    run(clean_service, "UPDATE accounts SET held_until = NULL")
    for door in ("mobile", "close"):
        visitor.get(f"/account/{door}")
        assert visitor.page == "account-confirm"
        assert sendable(visitor) == []


def test_g_a_held_one_does_not(clean_service: InProcess) -> None:
    _, device = enrolled(clean_service)
    visitor = to_login(clean_service)
    sign_in(visitor, device)
    visitor.get("/account/mobile")
    assert visitor.page == "account-confirm"
    confirmed_by_code(clean_service, visitor)
    assert visitor.page == "mobile"


# --- where a relying party asks for it --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("acr_values", "first"),
    [
        ("urn:idp:acr:3", True),
        ("urn:idp:acr:3 urn:idp:acr:2", True),
        ("urn:idp:acr:2 urn:idp:acr:3", False),
        ("urn:idp:acr:1", False),
        (None, False),
    ],
)
def test_e_where_it_is_asked_for_the_button_stands_above_the_password(
    clean_service: InProcess, acr_values: str | None, first: bool
) -> None:
    visitor = clean_service.visitor()
    asked_for = {} if acr_values is None else {"acr_values": acr_values}
    portal(clean_service).ask(visitor, **asked_for)
    assert visitor.page == "login"
    page = visitor.last.text
    assert (page.index('id="use-passkey"') < page.index('id="username"')) is first
    assert ("data-first" in page) is first
    visitor.press(username=EMAIL, password="Sbagliata1")
    assert visitor.faults == ["password"]
    assert "data-first" not in visitor.last.text, "the focus belongs to what is at fault"
