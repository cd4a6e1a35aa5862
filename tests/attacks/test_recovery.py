"""Taking an account by recovery: proofs left out, guessed, borrowed, raced, or older than the password."""

import random
from collections.abc import Callable

import pytest

from idp.accounts.mobile_change import ChangeState, MobileChange
from idp.accounts.recovery import Stage
from idp.flows.browser import Browser
from idp.flows.recover import ending, progress
from idp.store import mobile_changes
from idp.values import Handle, MobileNumber, parse_contact
from tests.journeys.recovery_walks import (
    BROWSER,
    EMAIL,
    MOBILE,
    NEW,
    NOBODY,
    RECOVERY,
    SESSION,
    TAX_CODE,
    boxes,
    choose,
    confirm,
    copy_cookies,
    issued,
    options,
    proven,
    recover,
    rows,
    run,
    same_password,
    sent,
    signs_in,
    to_contacts,
    to_password,
    to_verify,
    twins,
    value,
    wrong,
)
from tests.service.in_process import InProcess
from tests.service.relying_party import answer_of, portal
from tests.service.visitor import Visitor

PATHS = ("", "/contacts", "/verify", "/second", "/factors", "/password", "/done", "/activate")
LATER = "Domani4giallo"


@pytest.fixture
def service(clean_service: InProcess) -> InProcess:
    """The service, with Maria registered by email and her mobile confirmed."""
    return maria(clean_service)


def maria(service: InProcess) -> InProcess:
    service.register(service.visitor("192.0.2.1"))
    confirm(service, MOBILE)
    # Counters live in fixed windows: begin with new ones.
    service.clock.move(3600 - service.clock.now() % 3600)
    return service


# --- no step can be left out ----------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(25))
def test_no_order_of_steps_sets_a_password_without_the_proofs(service: InProcess, seed: int) -> None:
    """Forms of every step in a random order, empty, half filled or with what the page shows, but for the
    right codes."""
    chance = random.Random(seed)
    visitor = to_contacts(service, source=f"192.0.2.{seed + 20}")
    first, answered = "", False
    for _ in range(30):
        path = f"/recover{chance.choice(PATHS)}"
        visitor.get(path)
        shown = options(visitor)
        csrf = visitor.csrf
        code = chance.choice(["", "000000", "12345", wrong(first or "111111")])
        fields: dict[str, str] = {
            "identifier": TAX_CODE,
            "contact": chance.choice(shown)[0] if shown else chance.choice(["", "x"]),
            "code": code,
            "resend": "yes",
            "new_password": NEW,
            "activation_code": "0000-0000-0000-0000",
            "proven_at": "1",
            "second_at": "1",
            "chosen": "x",
            "sub": "x",
            **{name: "yes" for name, _ in boxes(visitor)},
        }
        left = {name: text for name, text in fields.items() if chance.random() < 0.4}
        visitor.send(f"/recover{chance.choice(PATHS)}", {"csrf": csrf, **left})
        assert visitor.last.status_code in (200, 303, 429)
        if not answered and chance.random() < 0.2:
            # The first code alone, rightly answered: somebody who reads her email, and no more.
            visitor.get("/recover/verify")
            mails = [m for m in service.post() if m["purpose"] == "recovery_code"]
            if visitor.page == "recover-verify" and mails and mails[0]["to"] == EMAIL:
                first, answered = mails[0]["code"], True
                visitor.press(code=first)
        service.clock.move(chance.choice([0, 1, 61]))
    assert same_password(service)
    assert rows(service, "SELECT count(*) FROM recoveries WHERE completed_at IS NOT NULL") == 0
    assert rows(service, "SELECT count(*) FROM recoveries WHERE second_at IS NOT NULL") == 0
    assert rows(service, "SELECT count(*) FROM proven_contacts") == 2


def test_the_first_proof_alone_opens_neither_factors_nor_password(service: InProcess) -> None:
    visitor = proven(service)
    csrf = visitor.csrf
    for path in ("factors", "password", "done"):
        visitor.send(f"/recover/{path}", {"csrf": csrf, "new_password": NEW})
        assert (visitor.last.status_code, visitor.location) == (303, "/recover/second")
    assert same_password(service)


def test_a_factor_added_after_the_password_page_was_shown_is_asked_for(service: InProcess) -> None:
    run(service, "DELETE FROM proven_contacts WHERE kind = 'mobile'")
    visitor = to_password(service)
    confirm(service, MOBILE)
    visitor.press(new_password=NEW)
    assert visitor.page == "recover-second"
    assert same_password(service)


def test_another_contact_is_no_way_around_the_second_proof(service: InProcess) -> None:
    # Her mailbox is read by somebody: proven once, it stays what it is, whatever is chosen then.
    visitor = proven(service, EMAIL)
    assert visitor.page == "recover-second"
    visitor.get("/recover/contacts")
    choose(visitor, MOBILE)
    for path in ("second", "factors", "password"):
        visitor.get(f"/recover/{path}")
        assert visitor.page == "recover-verify"
    visitor.get("/recover/contacts")
    choose(visitor, EMAIL)
    assert visitor.page == "recover-verify", "and is to be proven anew"


def test_who_recovers_their_own_account_does_not_end_in_another(service: InProcess) -> None:
    luca = "+393471234502"
    service.register(service.visitor(), luca, given_name="Luca", family_name="Verdi")
    service.clock.move(901)
    visitor = to_verify(service, luca, "VRDLCU92A05L219P")
    visitor.press(code=service.code_for(luca))
    visitor.press()
    assert visitor.page == "recover-password"
    held, csrf = visitor.cookie(RECOVERY), visitor.csrf
    # Another tab asks for Maria meanwhile: the tab of Luca's password is hers then, and proves nothing.
    visitor.get("/recover")
    visitor.press(identifier=TAX_CODE)
    choose(visitor, EMAIL)
    visitor.send("/recover/password", {"csrf": csrf, "new_password": NEW})
    assert visitor.location == "/recover/verify"
    # With the cookie of before it is Luca's, as it was.
    assert held is not None
    visitor.set_cookie(RECOVERY, held)
    visitor.send("/recover/password", {"csrf": csrf, "new_password": NEW})
    assert signs_in(service, NEW, luca)
    assert same_password(service)


# --- guessing -------------------------------------------------------------------------------------------


def test_of_two_hundred_guesses_at_once_five_are_looked_at(service_on_both: InProcess) -> None:
    service = maria(service_on_both)
    visitor = to_verify(service)
    code, csrf = service.code_for(EMAIL), visitor.csrf
    guesses = [f"{n:06}" for n in range(201) if f"{n:06}" != code][:200]
    many = twins(service, visitor, 20)

    def guess(number: int) -> list[int]:
        return [
            many[number].send("/recover/verify", {"csrf": csrf, "code": each}).status_code
            for each in guesses[number * 10 : number * 10 + 10]
        ]

    assert {status for found in service.in_parallel(guess, 20) for status in found} <= {200, 429}
    looked_at = "SELECT count(*) FROM audit_events WHERE name = 'challenge_failed' AND details LIKE '%wrong%'"
    assert rows(service, looked_at) == 5
    visitor.press(code=code)
    assert visitor.faults == ["code"]


def test_second_codes_are_counted_like_the_first(service: InProcess) -> None:
    visitor = proven(service)
    visitor.press(contact=options(visitor)[0][0])
    code = service.code_for(MOBILE)
    for _ in range(5):
        visitor.press(code=wrong(code))
    visitor.press(code=code)
    assert (visitor.page, visitor.faults) == ("recover-second", ["code"])


# --- races ----------------------------------------------------------------------------------------------


def test_fifty_completions_at_once_set_one_password_once(service_on_both: InProcess) -> None:
    service = service_on_both
    service.register(service.visitor("192.0.2.1"))
    service.clock.move(3600 - service.clock.now() % 3600)
    visitor = to_password(service)
    csrf, many = visitor.csrf, twins(service, visitor, 50)
    passwords = [f"Aurora{number:02}verde" for number in range(50)]
    answers = service.in_parallel(
        lambda n: many[n].send("/recover/password", {"csrf": csrf, "new_password": passwords[n]}).status_code,
        50,
    )
    assert set(answers) <= {303, 429, 503}
    assert rows(service, "SELECT count(*) FROM recoveries WHERE completed_at IS NOT NULL") == 1
    assert rows(service, "SELECT count(*) FROM audit_events WHERE name = 'recovery_completed'") == 1
    told = [to for to, purpose in sent(service) if purpose == "credentials_recovered"]
    assert sorted(told) == sorted([EMAIL, MOBILE])
    stored = str(value(service, "SELECT password_hash FROM accounts"))
    assert sum(service.idp.hasher.verify(each, stored).ok for each in passwords) == 1


def test_two_recoveries_of_one_account_at_once_set_one_password(service_on_both: InProcess) -> None:
    service = service_on_both
    service.register(service.visitor("192.0.2.1"))
    service.clock.move(3600 - service.clock.now() % 3600)
    first = to_password(service)
    service.clock.move(61)
    second = to_password(service)
    both, passwords = [first, second], [NEW, LATER]
    forms = [{"csrf": b.csrf, "new_password": p} for b, p in zip(both, passwords, strict=True)]
    service.in_parallel(lambda n: both[n].send("/recover/password", forms[n]), 2)
    assert sum(signs_in(service, password) for password in passwords) == 1
    assert rows(service, "SELECT count(*) FROM audit_events WHERE name = 'recovery_completed'") == 1


def test_the_right_code_many_times_at_once_proves_once(service_on_both: InProcess) -> None:
    service = maria(service_on_both)
    visitor = to_verify(service)
    form = {"csrf": visitor.csrf, "code": service.code_for(EMAIL)}
    many = twins(service, visitor, 12)
    service.in_parallel(lambda n: many[n].send("/recover/verify", form), 12)
    assert rows(service, "SELECT count(*) FROM audit_events WHERE name = 'challenge_answered'") == 2
    assert sum(t.last.status_code == 303 for t in many) >= 1
    visitor.get("/recover/verify")
    assert visitor.page == "recover-second"


def choose_another(visitor: Visitor) -> None:
    visitor.get("/recover/contacts")
    choose(visitor, MOBILE)


MEANWHILE: dict[str, Callable[[InProcess, Visitor], object]] = {
    "a factor is added": lambda service, _: confirm(service, MOBILE),
    "the account is locked": lambda service, _: run(service, "UPDATE accounts SET state = 'locked'"),
    "another password is set": lambda service, _: run(service, "UPDATE accounts SET password_changed_at = 1"),
    "another contact is chosen": lambda _, visitor: choose_another(visitor),
    "the same one is to be proven anew": lambda service, _: run(
        service, "UPDATE recoveries SET proven_at = NULL"
    ),
    "it is somebody else's": lambda service, _: run(service, "UPDATE recoveries SET sub = 'x'"),
    "it expires": lambda service, _: run(service, "UPDATE recoveries SET expires_at = 1"),
}


@pytest.mark.parametrize("meanwhile", MEANWHILE)
def test_what_changes_between_reading_and_writing_counts(service: InProcess, meanwhile: str) -> None:
    run(service, "DELETE FROM proven_contacts WHERE kind = 'mobile'")
    visitor = to_password(service)
    held, own = visitor.cookie(RECOVERY), visitor.cookie(BROWSER)
    assert held is not None
    assert own is not None
    browser, now = Browser(handle=Handle(own), source="192.0.2.3"), service.clock.now()
    known = progress.under_way(service.idp, Handle(held), browser, now=now)
    assert known is not None
    assert known.stage is Stage.PASSWORD
    MEANWHILE[meanwhile](service, visitor)
    before = value(service, "SELECT password_hash FROM accounts")
    assert ending.set_password(service.idp, known, NEW, browser, now=now) == ending.Over()
    assert value(service, "SELECT password_hash FROM accounts") == before
    assert rows(service, "SELECT count(*) FROM recoveries WHERE completed_at IS NOT NULL") == 0
    assert rows(service, "SELECT count(*) FROM sessions WHERE ended_at IS NOT NULL") == 0


# --- older than the password ----------------------------------------------------------------------------


def changed_meanwhile(service: InProcess) -> None:
    """Maria sets another password in another browser, by a recovery of her own."""
    other = to_verify(service, source="192.0.2.9")
    other.press(code=service.code_for(EMAIL))
    other.press(contact=options(other)[0][0])
    other.press(code=service.code_for(MOBILE))
    other.press(**{name: "yes" for name, _ in boxes(other)})
    other.press(new_password=LATER)
    assert other.page == "recover-done", (other.page, other.faults)


STAGES: dict[str, Callable[[InProcess], Visitor]] = {
    "in front of the code": to_verify,
    "in front of the second proof": proven,
}


@pytest.mark.parametrize("stage", STAGES)
def test_a_recovery_begun_before_the_password_was_changed_dies(service: InProcess, stage: str) -> None:
    visitor = STAGES[stage](service)
    code = service.code_for(EMAIL)
    service.clock.move(61)
    changed_meanwhile(service)
    csrf = visitor.csrf
    if stage == "in front of the code":
        visitor.press(code=code)
    for path in PATHS[1:-1]:
        visitor.send(f"/recover{path}", {"csrf": csrf, "new_password": NEW})
        visitor.get(f"/recover{path}")
        assert visitor.page in ("recover", "recover-verify"), path
    assert signs_in(service, LATER)
    assert not signs_in(service, NEW)


def test_one_that_was_ready_dies_with_a_change_within_the_same_second(service: InProcess) -> None:
    run(service, "DELETE FROM proven_contacts WHERE kind = 'mobile'")
    first = to_password(service, EMAIL)
    service.clock.move(61)
    second = to_password(service, EMAIL)
    first.press(new_password=LATER)
    second.press(new_password=NEW)
    assert second.page == "recover"
    assert signs_in(service, LATER)
    assert not signs_in(service, NEW)


# --- what somebody added before -------------------------------------------------------------------------


def pending(service: InProcess, number: str) -> str:
    """A mobile that somebody typed in her account and that waits (journey G)."""
    idp, mobile = service.idp, parse_contact(number)
    assert isinstance(mobile, MobileNumber)
    now, change_id = service.clock.now(), idp.entropy.identifier()
    change = MobileChange(
        id=change_id,
        sub=str(value(service, "SELECT sub FROM accounts")),
        mobile=mobile,
        old_lost=False,
        state=ChangeState.PENDING,
        asked_at=now,
        proven_at=now,
        matures_at=now + 172800,
    )
    sealed = mobile_changes.seal(idp.sealer, change_id, mobile)
    with idp.writing() as tx:
        mobile_changes.begin(tx, change, sealed=sealed, mobile_index=idp.sealer.contact_index(mobile))
    return change_id


@pytest.mark.parametrize("keep", [True, False])
def test_a_mobile_that_waits_confirms_nothing_and_goes_unless_it_is_hers(
    service: InProcess, keep: bool
) -> None:
    run(service, "DELETE FROM proven_contacts WHERE kind = 'mobile'")
    pending(service, "+393489999999")
    visitor = proven(service)
    assert visitor.page == "recover-factors", "it is no second way"
    ((name, ticked),) = boxes(visitor)
    assert not ticked
    visitor.press(**({name: "yes"} if keep else {}))
    visitor.press(new_password=NEW)
    assert visitor.page == "recover-done"
    assert value(service, "SELECT state FROM mobile_changes") == ("pending" if keep else "cancelled")
    assert "+393489999999" not in {to for to, _ in sent(service)}


# --- what was open is closed ----------------------------------------------------------------------------


def test_session_refresh_token_and_access_token_die_at_once(service: InProcess) -> None:
    party = portal(
        service, backchannel_logout_uri="http://localhost:8001/backchannel-logout", client_id="area"
    )
    thief = service.visitor("203.0.113.9")
    party.ask(thief)
    thief.press(username=EMAIL, password="Tramonto7blu")
    reply = party.redeem(answer_of(thief)["code"]).get_json()
    offline = party.tokens(thief, scope="openid offline_access")
    party.ask(thief)
    unredeemed = answer_of(thief)["code"]
    assert party.userinfo(reply["access_token"]).status_code == 200
    changed_meanwhile(service)
    for tokens in (reply, offline):
        assert party.userinfo(tokens["access_token"]).status_code == 401
        assert party.refresh(tokens["refresh_token"]).get_json()["error"] == "invalid_grant"
    assert party.redeem(unredeemed).get_json()["error"] == "invalid_grant"
    party.ask(thief, prompt="none")
    assert answer_of(thief)["error"] == "login_required"
    assert rows(service, "SELECT count(*) FROM sessions WHERE ended_at IS NULL") == 0
    assert rows(service, "SELECT count(*) FROM known_browsers") == 0
    # The session of the registration was issued nothing; of the thief's the client is told, once.
    assert rows(service, "SELECT count(*) FROM outbox WHERE kind = 'logout'") == 1


def test_another_account_in_the_same_browser_stays_signed_in(service: InProcess) -> None:
    visitor = service.visitor()
    service.register(visitor, "+393471234502", given_name="Luca", family_name="Verdi")
    changed_meanwhile(service)
    assert rows(service, "SELECT count(*) FROM sessions WHERE ended_at IS NULL") == 1


# --- borrowed -------------------------------------------------------------------------------------------


def test_the_cookie_of_another_browser_is_worthless(service: InProcess) -> None:
    run(service, "DELETE FROM proven_contacts WHERE kind = 'mobile'")
    visitor = to_password(service)
    thief = service.visitor()
    thief.get("/recover")
    copy_cookies(visitor, thief, (RECOVERY,))
    assert thief.cookie(BROWSER) != visitor.cookie(BROWSER)
    for path in PATHS[1:-1]:
        thief.get(f"/recover{path}")
        assert thief.page == "recover"
    thief.send("/recover/password", {"csrf": thief.csrf, "new_password": NEW})
    assert same_password(service)


def test_a_code_is_worth_nothing_in_another_browser(service: InProcess) -> None:
    to_verify(service)
    code = service.code_for(EMAIL)
    thief = to_contacts(service, source="203.0.113.9")
    thief.get("/recover/verify")
    assert thief.page == "recover-contacts"
    choose(thief, MOBILE)
    thief.press(code=code)
    assert (thief.page, thief.faults) == ("recover-verify", ["code"])


def test_after_the_end_the_page_shows_the_username_to_its_own_browser_alone(service: InProcess) -> None:
    run(service, "DELETE FROM proven_contacts WHERE kind = 'mobile'")
    visitor = recover(service)
    thief = service.visitor()
    thief.get("/recover")
    copy_cookies(visitor, thief, (RECOVERY,))
    thief.get("/recover/done")
    assert thief.page == "recover"


# --- the recipient --------------------------------------------------------------------------------------


EVIL = {
    "contact": "evil@evil.example",
    "username": "evil@evil.example",
    "email": "evil@evil.example",
    "mobile": "+393489999999",
    "to": "evil@evil.example",
    "sent_to": "evil@evil.example",
}


def test_the_recipient_comes_from_the_server_alone(service: InProcess) -> None:
    visitor = to_verify(service)
    service.clock.move(61)
    visitor.press(resend="yes", **EVIL)
    visitor.press(code=service.code_for(EMAIL), **{n: v for n, v in EVIL.items() if n != "contact"})
    assert visitor.page == "recover-second"
    visitor.press(**EVIL)
    assert visitor.faults == ["contact"]
    visitor.press(**{**EVIL, "contact": options(visitor)[0][0]})
    service.clock.move(61)
    visitor.press(resend="yes", **EVIL)
    visitor.press(code=service.code_for(MOBILE))
    visitor.press(**EVIL)
    visitor.press(new_password=NEW, **EVIL)
    assert visitor.page == "recover-done"
    assert {to for to, _ in sent(service)} <= {EMAIL, MOBILE}


def test_an_option_of_another_recovery_is_no_recipient(service: InProcess) -> None:
    others = options(to_contacts(service, "VRDLCU92A05L219P"))
    visitor = to_contacts(service)
    for handle, _ in others:
        visitor.press(contact=handle)
        assert visitor.faults == ["contact"]
    assert sent(service)[0][1] == "account_created"


def test_a_second_way_of_another_recovery_is_none(service: InProcess) -> None:
    luca = "+393471234502"
    service.register(service.visitor(), luca, given_name="Luca", family_name="Verdi")
    confirm(service, "+393471234999", of=luca)
    service.clock.move(901)
    other = to_verify(service, luca, "VRDLCU92A05L219P")
    other.press(code=service.code_for(luca))
    assert other.page == "recover-second"
    handle = options(other)[0][0]
    visitor = proven(service)
    visitor.press(contact=handle)
    assert (visitor.page, visitor.faults) == ("recover-second", ["contact"])


# --- no right answer ------------------------------------------------------------------------------------


def test_no_code_of_all_is_right_for_nobody(service: InProcess) -> None:
    visitor = to_contacts(service, NOBODY)
    visitor.press(contact=options(visitor)[0][0])
    assert value(service, "SELECT code_mac FROM challenges WHERE purpose = 'recovery'") is None
    assert rows(service, "SELECT count(*) FROM outbox WHERE NOT addressed") == 1


def test_an_activation_code_of_another_customer_recovers_nothing(service: InProcess) -> None:
    code = issued(service, "C100003")
    visitor = service.visitor()
    visitor.get("/recover/activate")
    visitor.press(identifier=TAX_CODE, activation_code=code)
    assert visitor.faults == ["activation_code"]
    visitor.get("/recover/password")
    assert visitor.page == "recover"


def test_an_activation_code_that_ended_meanwhile_sets_no_password(service: InProcess) -> None:
    visitor = service.visitor()
    visitor.get("/recover/activate")
    visitor.press(identifier=TAX_CODE, activation_code=issued(service))
    visitor.press()
    assert visitor.page == "recover-password"
    # The agency hands over another one, because this one went astray.
    issued(service)
    visitor.press(new_password=NEW)
    assert visitor.page != "recover-done"
    assert same_password(service)


def test_signing_in_is_left_to_the_sign_in_page(service: InProcess) -> None:
    changed_meanwhile(service)
    visitor = service.visitor()
    visitor.get("/recover/done")
    assert visitor.cookie(SESSION) is None
