"""Somebody with a stolen session, a stolen password or a guessed link tries to take the account over.

What they want is a number of theirs that gets codes (security bar 5.3), or a way in that the owner does not
notice.
"""

import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from idp.flows.mobile import cancelling, making_good
from idp.values import Handle
from tests.journeys import recovery_walks
from tests.journeys.account_walks import (
    CANCEL,
    DAY,
    EMAIL,
    HOLD,
    MOBILE,
    OTHER,
    SESSION,
    issued,
    link_of,
    options,
    pending,
    pick,
    rows,
    run,
    sendable,
    sent,
    signed_in,
    state,
    to_mobile,
    twins,
    typed,
    value,
)
from tests.journeys.test_l_life_of_an_account import imports
from tests.service.in_process import PASSWORD, InProcess
from tests.service.visitor import Visitor

THIEF = "+393339870077"
TAX_CODE = "RSSMRA80D52H501K"
LUCA = "+393471234502"


@pytest.fixture
def service(clean_service: InProcess) -> InProcess:
    """The service, with Maria registered by email an hour ago."""
    clean_service.register(clean_service.visitor("192.0.2.1"))
    clean_service.clock.move(3600)
    return clean_service


@pytest.fixture
def both(service_on_both: InProcess) -> InProcess:
    """The same, once on each database."""
    service_on_both.register(service_on_both.visitor("192.0.2.1"))
    service_on_both.clock.move(3600)
    return service_on_both


def proven_mobiles(service: InProcess) -> int:
    return rows(service, "SELECT count(*) FROM proven_contacts WHERE kind = 'mobile'")


# --- an email of the thief's -----------------------------------------------------------------------------


def test_an_email_that_was_just_put_on_file_opens_nothing_by_becoming_the_username(
    both: InProcess, tmp_path: Path
) -> None:
    both.clock.move(30 * DAY)
    mailbox = "ladro@posta.example"
    today = datetime.fromtimestamp(both.clock.now(), UTC).date()
    imports(both, tmp_path, emails=f"{mailbox};{today.isoformat()}", mobiles="")
    thief = both.visitor()
    thief.get("/account")
    thief.press(username=EMAIL, password=PASSWORD)
    assert thief.page == "account-username", thief.page
    pick(thief, mailbox)
    thief.press(code=both.code_for(mailbox))
    assert thief.page == "account", (thief.page, thief.faults)
    for page in ("/account/close", "/account/mobile"):
        thief.get(page)
        assert (thief.page, sendable(thief)) == ("account-confirm", [])
    both.clock.move(HOLD)
    thief = signed_in(both, mailbox)
    thief.get("/account/close")
    assert len(sendable(thief)) == 1


# --- a number of the thief's ------------------------------------------------------------------------------


def test_a_number_just_changed_recovers_nothing_and_is_no_second_proof(service: InProcess) -> None:
    pending(service, signed_in(service), THIEF)
    # Her own contacts on file, and nothing that ends as the number that waits.
    visitor = service.visitor()
    visitor.get("/recover")
    visitor.press(identifier=TAX_CODE)
    assert len(options(visitor)) == 2
    assert not any(THIEF[-2:] in label for label in options(visitor))
    visitor.press(contact=next(handle for label, handle in options(visitor).items() if "m•" in label))
    visitor.press(code=service.code_for(EMAIL))
    # Nobody is asked for a code at the number that waits; it is one of the things to keep or to drop.
    assert visitor.page in ("recover-factors", "recover-password")
    assert {m["purpose"] for m in service.post() if m["to"] == THIEF} == {"mobile_code"}


def test_a_number_just_changed_confirms_nothing_in_the_account(service: InProcess) -> None:
    visitor = signed_in(service)
    pending(service, visitor, THIEF)
    service.clock.move(301)
    for to in ("mobile", "username"):
        visitor.get("/account/confirm", to=to, by="code")
        assert len(sendable(visitor)) == 1
        assert "@" in sendable(visitor)[0]


def test_the_proof_of_the_new_number_is_no_fresh_authentication(service: InProcess) -> None:
    visitor = signed_in(service)
    typed(service, visitor, THIEF)
    service.clock.move(200)
    before = value(service, "SELECT proofs FROM sessions ORDER BY created_at DESC LIMIT 1")
    visitor.press(code=service.code_for(THIEF))
    assert visitor.page == "account"
    assert value(service, "SELECT proofs FROM sessions ORDER BY created_at DESC LIMIT 1") == before
    service.clock.move(101)
    visitor.get("/account/mobile")
    assert visitor.page == "account-confirm"


@pytest.mark.parametrize(
    "more",
    [
        {"mobile": THIEF},
        {"number": THIEF, "contact": THIEF},
        {"change": "x", "sub": "x", "state": "confirmed"},
    ],
)
def test_a_number_swapped_between_code_and_answer_changes_nothing(
    service: InProcess, more: dict[str, str]
) -> None:
    visitor = signed_in(service)
    typed(service, visitor, MOBILE)
    visitor.press(code=service.code_for(MOBILE), **more)
    assert visitor.page == "account"
    assert "333 123 4501" in visitor.last.text
    assert THIEF not in sent(service, "mobile_confirmed")


def test_a_code_of_one_number_proves_no_other(service: InProcess) -> None:
    visitor = signed_in(service)
    typed(service, visitor, MOBILE)
    code = service.code_for(MOBILE)
    typed(service, visitor, THIEF)
    visitor.press(code=code)
    assert visitor.faults == ["code"]
    assert (state(service), proven_mobiles(service)) == ("proving", 0)


def test_a_code_is_answered_in_the_session_that_asked_and_in_no_other(service: InProcess) -> None:
    owner, thief = signed_in(service), signed_in(service)
    typed(service, thief, OTHER)
    code = service.code_for(OTHER)
    to_mobile(service, owner)
    owner.get("/account/mobile/verify")
    assert owner.page == "mobile"
    owner.send("/account/mobile/verify", {"csrf": owner.csrf, "code": code})
    assert state(service) == "proving"


def test_a_change_begun_before_a_recovery_cannot_be_finished_after_it(service: InProcess) -> None:
    visitor = signed_in(service)
    typed(service, visitor, THIEF)
    run(service, f"UPDATE accounts SET limited_until = {service.clock.now() + DAY}")
    code = service.code_for(THIEF)
    visitor.press(code=code)
    assert (visitor.page, state(service)) == ("limited", "proving")
    visitor.get("/account/mobile")
    assert visitor.page == "limited"


def test_a_recovery_ends_the_change_whose_code_was_not_answered_yet(both: InProcess) -> None:
    typed(both, signed_in(both), THIEF)
    both.clock.move(61)
    recovery_walks.recover(both)
    assert state(both) == "cancelled"


@pytest.mark.parametrize("page", ["/account/mobile", "/account/username", "/account/mobile/verify"])
def test_no_form_is_taken_of_whoever_did_not_confirm_lately(service: InProcess, page: str) -> None:
    visitor = signed_in(service)
    typed(service, visitor, OTHER)
    csrf, code = visitor.csrf, service.code_for(OTHER)
    service.clock.move(301)
    visitor.send(page, {"csrf": csrf, "mobile": THIEF, "contact": "x", "code": code})
    assert visitor.location.startswith("/account/confirm?to=")
    assert (state(service), rows(service, "SELECT count(*) FROM mobile_changes")) == ("proving", 1)


def test_of_many_changes_at_once_one_waits(both: InProcess) -> None:
    visitor = signed_in(both)
    to_mobile(both, visitor)
    csrf, browsers = visitor.csrf, twins(both, visitor, 5)
    both.in_parallel(
        lambda n: browsers[n].send("/account/mobile", {"csrf": csrf, "mobile": f"+39333987001{n}"}), 5
    )
    live = "SELECT count(*) FROM mobile_changes WHERE state IN ('proving', 'pending')"
    assert rows(both, live) == 1
    codes = {m["to"]: m["code"] for m in both.post() if m["purpose"] == "mobile_code"}
    answers = list(codes.values())
    both.in_parallel(
        lambda n: browsers[n].send("/account/mobile/verify", {"csrf": csrf, "code": answers[n]}),
        len(answers),
    )
    assert rows(both, "SELECT count(*) FROM mobile_changes WHERE state = 'pending'") <= 1
    assert rows(both, live) == 1


def test_a_form_sent_many_times_tells_everybody_once(both: InProcess) -> None:
    visitor = signed_in(both)
    typed(both, visitor)
    csrf, code, browsers = visitor.csrf, both.code_for(OTHER), twins(both, visitor, 5)

    def press(number: int) -> str:
        fields = {"csrf": csrf, "code": code}
        return str(browsers[number].send("/account/mobile/verify", fields).headers.get("Location"))

    assert set(both.in_parallel(press, 5)) == {"/account?done=mobile-pending"}
    assert sent(both, "mobile_pending") == sorted([EMAIL, MOBILE])
    assert len(sent(both, "mobile_pending_agency")) == 1


def test_a_second_number_does_not_inherit_the_hours_of_the_first(service: InProcess) -> None:
    visitor = signed_in(service)
    pending(service, visitor)
    service.clock.move(HOLD - 60)
    pending(service, signed_in(service), THIEF)
    service.clock.move(120)
    assert making_good.mature(service.idp, service.clock.now()) == 0
    assert proven_mobiles(service) == 0


def test_steps_in_any_order_with_anything_in_them_make_no_number_good(service: InProcess) -> None:
    visitor, chance = signed_in(service), random.Random(7)
    doors: tuple[str, ...] = (
        "/account",
        "/account/mobile",
        "/account/mobile/verify",
        "/account/mobile/confirm",
    )
    doors += ("/account/confirm?to=mobile", "/account/confirm?to=mobile&by=code", "/account/cancel")
    doors += ("/account/username", "/account/username/verify", "/account/password")
    fields: tuple[dict[str, str], ...] = (
        {},
        {"code": "000000"},
        {"mobile": THIEF},
        {"confirm": "yes"},
        {"cancel": "yes"},
    )
    fields += ({"resend": "yes"}, {"old_lost": "yes"}, {"activation_code": "x"}, {"contact": "x"})
    visitor.get("/account/password")
    for _ in range(120):
        visitor.send(chance.choice(doors), {"csrf": visitor_csrf(visitor), **chance.choice(fields)})
        assert visitor.last.status_code < 500
    assert rows(service, "SELECT count(*) FROM mobile_changes") == 0
    assert proven_mobiles(service) == 0


def visitor_csrf(visitor: Visitor) -> str:
    return (
        visitor.csrf
        if visitor.response is not None and 'name="csrf"' in visitor.last.text
        else _kept(visitor)
    )


def _kept(visitor: Visitor) -> str:
    visitor.get("/account/password")
    return visitor.csrf


# --- the link that cancels --------------------------------------------------------------------------------


def test_a_guessed_token_cancels_nothing_and_is_told_as_little_as_a_used_one(service: InProcess) -> None:
    pending(service, signed_in(service))
    pages = []
    used = link_of(service)
    for token in ("x" * 43, "", "../account", "%00", "ä", "x" * 500):
        visitor = service.visitor()
        visitor.get(f"/account/cancel/{token}" if token else "/account/cancel")
        if visitor.page == "mobile-cancel":
            pages.append(visitor.last.text)
            visitor.press(confirm="yes") if 'name="csrf"' in visitor.last.text else None
    assert len(pages) >= 2
    assert state(service) == "pending"
    owner = service.visitor()
    owner.get(used)
    owner.press(confirm="yes")
    assert owner.page == "mobile-cancelled"
    again = service.visitor()
    again.get(used)
    assert (again.page, again.last.status_code) == ("mobile-cancel", 410)
    assert "confirm" not in again.last.text.replace("confirmed", "")


def test_a_link_cancels_what_it_was_sent_for_and_no_other_accounts_number(service: InProcess) -> None:
    service.register(service.visitor(), LUCA, given_name="Luca", family_name="Verdi")
    pending(service, signed_in(service))
    his = signed_in(service, LUCA)
    his.get("/account/mobile")
    his.press()
    his.press(code=service.code_for(LUCA))
    his.press(mobile=THIEF)
    his.press(code=service.code_for(THIEF))
    owner = service.visitor()
    owner.get(link_of(service, EMAIL))
    owner.press(confirm="yes")
    states = "SELECT count(*) FROM mobile_changes WHERE state = 'pending'"
    assert rows(service, states) == 1
    his.get("/account")
    assert 'id="change-under-way"' in his.last.text


def test_a_used_link_does_not_cancel_the_next_number(service: InProcess) -> None:
    pending(service, signed_in(service))
    link = link_of(service)
    owner = service.visitor()
    owner.get(link)
    owner.press(confirm="yes")
    service.clock.move(60)
    pending(service, signed_in(service))
    owner.get(link)
    assert owner.last.status_code == 410
    assert (
        cancelling.cancel_by_link(service.idp, Handle(link.rpartition("/")[2]), now=service.clock.now())
        is False
    )
    assert state(service) == "pending"


def test_typing_another_number_does_not_get_rid_of_the_first_ones_notices(service: InProcess) -> None:
    thief = signed_in(service)
    pending(service, thief, OTHER)
    link = link_of(service)
    service.clock.move(60)
    pending(service, thief, THIEF)
    owner = service.visitor()
    owner.get(link)
    assert owner.page == "mobile-cancel"
    owner.press(confirm="yes")
    assert owner.page == "mobile-cancelled"
    assert rows(service, "SELECT count(*) FROM mobile_changes WHERE state IN ('pending', 'proving')") == 0
    service.clock.move(HOLD)
    assert making_good.mature(service.idp, service.clock.now()) == 0


def test_a_link_of_a_number_that_was_replaced_ends_with_its_own_hours(service: InProcess) -> None:
    pending(service, signed_in(service))
    link = link_of(service)
    service.clock.move(HOLD - 60)
    pending(service, signed_in(service), "+393339870002")
    service.clock.move(120)
    assert (
        cancelling.cancellable(service.idp, Handle(link.rpartition("/")[2]), now=service.clock.now()) is None
    )


def test_scanners_that_open_or_post_the_link_change_nothing(service: InProcess) -> None:
    pending(service, signed_in(service))
    link = link_of(service)
    scanner = service.visitor("192.0.2.9")
    for method in ("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE"):
        scanner.fetch(method, link)
    scanner.get(link)
    scanner.send("/account/cancel", {"confirm": "yes"})
    assert scanner.last.status_code == 403
    scanner.send("/account/cancel", {"csrf": "x", "confirm": "yes"}, Origin="https://evil.example")
    assert scanner.last.status_code == 403
    assert state(service) == "pending"


def test_cancelling_signs_nobody_in_and_nobody_out(service: InProcess) -> None:
    service.register(service.visitor(), LUCA, given_name="Luca", family_name="Verdi")
    pending(service, signed_in(service))
    luca = signed_in(service, LUCA)
    before = luca.cookie(SESSION)
    luca.get(link_of(service))
    luca.press(confirm="yes")
    assert luca.page == "mobile-cancelled"
    assert luca.cookie(SESSION) == before
    assert luca.cookie(CANCEL) is None
    luca.get("/account")
    assert "347 123 4502" in luca.last.text


def test_of_cancelling_and_maturing_at_once_one_happens(both: InProcess) -> None:
    pending(both, signed_in(both))
    link = link_of(both)
    token = Handle(link.rpartition("/")[2])
    ripe = both.clock.now() + HOLD

    def work(number: int) -> Any:
        if number % 2:
            return making_good.mature(both.idp, ripe)
        return cancelling.cancel_by_link(both.idp, token, now=ripe - 1)

    done = both.in_parallel(work, 6)
    assert sum(int(one) for one in done) == 1
    assert proven_mobiles(both) == (1 if state(both) == "confirmed" else 0)


def test_the_token_stands_in_no_address_that_is_shown_and_nowhere_in_clear(service: InProcess) -> None:
    pending(service, signed_in(service))
    token = link_of(service).rpartition("/")[2]
    visitor = service.visitor()
    visitor.get(f"/account/cancel/{token}")
    assert visitor.at == "/account/cancel"
    assert token not in visitor.last.text
    assert rows(service, f"SELECT count(*) FROM mobile_changes WHERE cancel_digest = '{token}'") == 0
    assert rows(service, f"SELECT count(*) FROM audit_events WHERE details LIKE '%{token}%'") == 0


# --- an activation code -----------------------------------------------------------------------------------


def test_an_activation_code_of_another_customer_confirms_nothing(service: InProcess) -> None:
    visitor = signed_in(service)
    pending(service, visitor, THIEF)
    for customer in ("C100003", "C100026"):
        visitor.get("/account/mobile/confirm")
        visitor.press(activation_code=issued(service, customer))
        assert visitor.faults == ["activation_code"]
    assert state(service) == "pending"
    assert rows(service, "SELECT count(*) FROM activation_codes WHERE used_at IS NOT NULL") == 0


def test_one_activation_code_confirms_once(both: InProcess) -> None:
    visitor = signed_in(both)
    pending(both, visitor)
    code = issued(both)
    visitor.get("/account/mobile/confirm")
    csrf, browsers = visitor.csrf, twins(both, visitor, 5)
    fields = {"csrf": csrf, "activation_code": code}
    both.in_parallel(lambda n: browsers[n].send("/account/mobile/confirm", fields), 5)
    assert (state(both), proven_mobiles(both)) == ("confirmed", 1)
    assert rows(both, "SELECT count(*) FROM audit_events WHERE name = 'mobile_confirmed'") == 1
    assert sent(both, "mobile_confirmed") == sorted([EMAIL, MOBILE, OTHER])


# --- the way in -------------------------------------------------------------------------------------------


def test_a_stolen_session_alone_changes_neither_password_nor_username_nor_number(service: InProcess) -> None:
    owner = signed_in(service)
    service.clock.move(301)
    thief = twins(service, owner, 1)[0]
    for page in ("/account/username", "/account/mobile", "/account/mobile/confirm"):
        thief.get(page)
        assert thief.page == "account-confirm"
    thief.get("/account/password")
    thief.press(current_password="Sbagliata7", new_password="Aurora9verde")
    assert thief.faults == ["current_password"]
    signed_in(service, password=PASSWORD)


@pytest.mark.parametrize(
    ("page", "fields"),
    [
        ("/account", {"cancel": "yes"}),
        ("/account/password", {"current_password": PASSWORD, "new_password": "Aurora9verde"}),
        ("/account/mobile", {"mobile": THIEF}),
        ("/account/confirm?to=mobile", {"current_password": PASSWORD}),
    ],
)
def test_a_form_from_another_site_is_refused(service: InProcess, page: str, fields: dict[str, str]) -> None:
    visitor = signed_in(service)
    pending(service, visitor)
    visitor.get("/account/password")
    csrf = visitor.csrf
    for extra, headers in (
        ({}, {}),
        ({"csrf": "x" * 43}, {}),
        ({"csrf": csrf}, {"Origin": "https://evil.example"}),
        ({"csrf": csrf}, {"Sec-Fetch-Site": "cross-site"}),
    ):
        visitor.send(page, {**fields, **extra}, **headers)
        assert visitor.last.status_code == 403, (extra, headers)
    assert state(service) == "pending"
    signed_in(service)
