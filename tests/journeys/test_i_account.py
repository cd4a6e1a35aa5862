"""One's own account (journey I): devices, apps with access, activity, language, over HTTP and with abuses."""

import json
import re

import pytest

from tests.journeys.account_walks import DAY, EMAIL, MOBILE, pick, rows, sent, signed_in, twins, value
from tests.journeys.passkey_walks import trail
from tests.service.in_process import PASSWORD, InProcess
from tests.service.relying_party import RelyingParty, answer_of, portal, stranger
from tests.service.visitor import Visitor

SESSIONS, APPS, ACTIVITY, LANGUAGE = (
    f"/account/{name}" for name in ("sessions", "apps", "activity", "language")
)
LUCA = "+393471234502"
LIVE = "SELECT COUNT(*) FROM sessions WHERE ended_at IS NULL"
_VALUE = r'name="{}" value="([^"]+)"'


@pytest.fixture
def service(clean_service: InProcess) -> InProcess:
    """The service, with Maria registered by email two hours ago, her session idle too long by now."""
    clean_service.register(clean_service.visitor("192.0.2.1"))
    clean_service.clock.move(7200)
    return clean_service


def values(visitor: Visitor, name: str) -> list[str]:
    """What the page's buttons of this name would send."""
    return re.findall(_VALUE.format(name), visitor.last.text)


def luca(service: InProcess) -> Visitor:
    """Somebody else, signed in."""
    service.register(service.visitor(), LUCA, given_name="Luca", family_name="Verdi")
    return signed_in(service, LUCA)


def lines(visitor: Visitor) -> list[str]:
    """What happened, as the page tells it."""
    found = re.search(r'id="activity">(.*?)</ol>', visitor.last.text, re.DOTALL)
    return [] if found is None else re.findall(r"<li>\s*<p>([^<]*)</p>", found[1])


# --- devices ----------------------------------------------------------------------------------------------


def test_i_each_device_is_listed_and_this_one_is_marked(service: InProcess) -> None:
    visitor = signed_in(service)
    signed_in(service)
    visitor.get(SESSIONS)
    assert visitor.page == "account-sessions"
    assert visitor.last.text.count("data-session") == 2
    assert visitor.last.text.count('id="this-device"') == 1
    # This one ends by "sign out everywhere" or "sign out", not in the list.
    assert len(values(visitor, "end")) == 1
    assert "198.51.100" not in visitor.last.text


def test_i_a_device_is_signed_out_with_whatever_was_issued_to_it(service: InProcess) -> None:
    party, other = portal(service), signed_in(service)
    tokens = party.tokens(other, scope="openid offline_access")
    visitor = signed_in(service)
    visitor.get(SESSIONS)
    (ended,) = values(visitor, "end")
    visitor.press(end=ended)
    assert visitor.page == "account-sessions"
    assert (rows(service, LIVE + f" AND id = '{ended}'"), values(visitor, "end")) == (0, [])
    assert 'class="notice good"' in visitor.last.text
    other.get("/account")
    assert other.page == "login"
    assert party.userinfo(tokens["access_token"]).status_code == 401
    assert party.refresh(tokens["refresh_token"]).status_code == 400
    assert trail(service, "session_ended")[-1]["reason"] == "owner"


def test_i_a_page_does_not_say_that_a_device_was_signed_out_because_a_link_does(service: InProcess) -> None:
    visitor = signed_in(service)
    visitor.get(SESSIONS, done="ended")
    assert 'class="notice good"' not in visitor.last.text


def test_i_sign_out_everywhere_ends_this_device_too_and_every_app(service: InProcess) -> None:
    party, visitor, other = portal(service), signed_in(service), signed_in(service)
    tokens = party.tokens(other, scope="openid offline_access")
    visitor.get(SESSIONS)
    visitor.press(everywhere="yes")
    assert visitor.page == "signed-out"
    for browser in (visitor, other):
        browser.get("/account")
        assert browser.page == "login"
    assert party.userinfo(tokens["access_token"]).status_code == 401
    assert party.refresh(tokens["refresh_token"]).status_code == 400
    assert trail(service, "sessions_ended")[-1]["by"] == "account"


def test_i_confidential_clients_are_told_of_what_ended(service: InProcess) -> None:
    party = portal(service, backchannel_logout_uri="http://localhost:9/backchannel-logout")
    visitor, other = signed_in(service), signed_in(service)
    party.tokens(other)
    visitor.get(SESSIONS)
    (ended,) = values(visitor, "end")
    visitor.press(end=ended)
    assert rows(service, "SELECT COUNT(*) FROM outbox WHERE kind = 'logout'") == 1
    party.tokens(visitor)
    visitor.get(SESSIONS)
    visitor.press(everywhere="yes")
    assert rows(service, "SELECT COUNT(*) FROM outbox WHERE kind = 'logout'") == 2


def test_i_nobody_signs_out_somebody_else_s_device(service: InProcess) -> None:
    his, hers = luca(service), signed_in(service)
    maria = value(service, "SELECT sub FROM accounts ORDER BY created_at LIMIT 1")
    theirs = value(
        service,
        f"SELECT id FROM sessions WHERE sub = '{maria}' AND ended_at IS NULL "
        "ORDER BY created_at DESC LIMIT 1",
    )
    his.get(SESSIONS)
    his.press(end=str(theirs))
    assert his.page == "account-sessions"
    hers.get("/account")
    assert hers.page == "account"


@pytest.mark.parametrize("page", [SESSIONS, APPS, LANGUAGE])
def test_i_no_form_is_taken_that_is_not_our_own_page_s(service: InProcess, page: str) -> None:
    portal(service)
    visitor = signed_in(service)
    signed_in(service)
    fields = {"everywhere": "yes", "revoke": "portal", "language": "de"}
    visitor.send(page, fields)
    assert visitor.last.status_code == 403
    visitor.send(page, {"csrf": "x", **fields})
    assert visitor.last.status_code == 403
    visitor.get(LANGUAGE)
    visitor.send(page, {"csrf": visitor.csrf, **fields}, Origin="https://evil.example")
    assert visitor.last.status_code == 403
    assert rows(service, "SELECT COUNT(*) FROM sessions WHERE ended_at IS NOT NULL") == 0
    assert value(service, "SELECT language FROM accounts") == "it"


@pytest.mark.parametrize("page", [SESSIONS, APPS, ACTIVITY, LANGUAGE])
def test_i_whoever_is_not_signed_in_signs_in_first_and_comes_back(service: InProcess, page: str) -> None:
    visitor = service.visitor()
    visitor.get(page)
    assert visitor.page == "login"
    visitor.press(username=EMAIL, password=PASSWORD)
    assert visitor.at == page


def test_i_a_form_sent_again_ends_nothing_more(service: InProcess) -> None:
    visitor = signed_in(service)
    signed_in(service)
    visitor.get(SESSIONS)
    (ended,) = values(visitor, "end")
    csrf = visitor.csrf
    for _ in range(2):
        visitor.send(SESSIONS, {"csrf": csrf, "end": ended})
        assert visitor.last.status_code == 303
    assert len(trail(service, "session_ended")) == 1


def test_i_of_many_presses_at_once_one_ends_it(service_on_both: InProcess) -> None:
    service = service_on_both
    service.register(service.visitor("192.0.2.1"))
    visitor = signed_in(service)
    visitor.get(SESSIONS)
    ended, csrf = values(visitor, "end")[0], visitor.csrf
    browsers = twins(service, visitor, 4)
    service.in_parallel(lambda n: browsers[n].send(SESSIONS, {"csrf": csrf, "end": ended}), 4)
    assert len(trail(service, "session_ended")) == 1


# --- apps -------------------------------------------------------------------------------------------------


def test_i_an_app_that_was_used_is_listed_with_what_it_may_see(service: InProcess) -> None:
    party, visitor = portal(service), signed_in(service)
    visitor.get(APPS)
    assert values(visitor, "revoke") == []
    party.tokens(visitor, scope="openid email offline_access")
    service.clock.move(60)
    visitor.get(APPS)
    assert values(visitor, "revoke") == ["portal"]
    assert "vedere la tua email" in visitor.last.text
    assert "openid" not in visitor.last.text


def test_i_what_an_app_may_see_is_listed_in_the_order_of_the_page_where_it_was_allowed(
    service: InProcess,
) -> None:
    visitor = signed_in(service)
    party = stranger(service)
    party.ask(visitor, scope="openid offline_access phone email profile")
    assert visitor.page == "consent"
    allowed = _listed(visitor, r"<span>([^<]+)</span></li>")
    visitor.press()
    party.redeem(answer_of(visitor)["code"])
    visitor.get(APPS)
    assert _listed(visitor, r"<li>([^<]+)</li>") == allowed
    assert [words.split()[-1] for words in allowed[:3]] == ["nascita", "email", "cellulare"]


def _listed(visitor: Visitor, item: str) -> list[str]:
    return [" ".join(words.split()) for words in re.findall(item, visitor.last.text)]


def test_i_taking_access_away_ends_all_that_was_issued_and_nothing_else(service: InProcess) -> None:
    party = portal(service)
    other = RelyingParty(service, service.client(client_id="other"))
    visitor = signed_in(service)
    tokens = party.tokens(visitor, scope="openid offline_access")
    kept = other.tokens(visitor, scope="openid")
    visitor.get(APPS)
    visitor.press(revoke="portal")
    assert values(visitor, "revoke") == ["other"]
    assert party.userinfo(tokens["access_token"]).status_code == 401
    assert party.refresh(tokens["refresh_token"]).status_code == 400
    assert other.userinfo(kept["access_token"]).status_code == 200
    visitor.get("/account")
    assert visitor.page == "account"
    (event,) = trail(service, "access_revoked")
    assert event["families"] == 1


def test_i_what_was_allowed_is_asked_again_after_it_was_taken_away(service: InProcess) -> None:
    party = RelyingParty(service, service.client(client_id="stranger", first_party=False))
    visitor = signed_in(service)
    party.ask(visitor, scope="openid email")
    assert visitor.page == "consent"
    visitor.press()
    visitor.get(APPS)
    visitor.press(revoke="stranger")
    assert rows(service, "SELECT COUNT(*) FROM grants") == 0
    party.ask(visitor, scope="openid email")
    assert visitor.page == "consent"


def test_i_nobody_takes_away_what_somebody_else_allowed(service: InProcess) -> None:
    party, hers, his = portal(service), signed_in(service), luca(service)
    tokens = party.tokens(hers, scope="openid")
    his.get(LANGUAGE)
    his.send(APPS, {"csrf": his.csrf, "revoke": "portal"})
    assert his.last.status_code == 303
    assert party.userinfo(tokens["access_token"]).status_code == 200
    assert trail(service, "access_revoked") == []


def test_i_what_ended_with_its_session_is_listed_no_more(service: InProcess) -> None:
    party, visitor = portal(service), signed_in(service)
    party.tokens(visitor, scope="openid")
    visitor.get("/logout")
    visitor.press(confirm="1")
    again = signed_in(service)
    again.get(APPS)
    assert values(again, "revoke") == []


# --- activity ---------------------------------------------------------------------------------------------


def test_i_what_happened_is_told_in_plain_words_newest_first(service: InProcess) -> None:
    party, visitor = portal(service), signed_in(service)
    party.tokens(visitor, scope="openid")
    thief = service.visitor()
    thief.get("/account")
    thief.press(username=EMAIL, password="Sbagliata9x")
    visitor.get(ACTIVITY)
    assert lines(visitor) == [
        "Accesso non riuscito: password sbagliata",
        "Hai aperto Portal",
        "Accesso con la password",
        "Registrazione completata",
    ]
    assert "198.51.100" not in visitor.last.text


def test_i_nobody_reads_what_somebody_else_did(service: InProcess) -> None:
    his = luca(service)
    signed_in(service)
    his.get(ACTIVITY)
    assert lines(his) == ["Accesso con la password", "Registrazione completata"]


def test_i_nobody_reads_who_failed_at_a_username_before_it_was_theirs(service: InProcess) -> None:
    def fails(password: str) -> None:
        somebody = service.visitor()
        somebody.get("/account")
        somebody.press(username=MOBILE, password=password)
        assert somebody.faults == ["password"]

    fails("Sbagliata9x")
    visitor = signed_in(service)
    visitor.get("/account/username")
    pick(visitor, "4501")
    visitor.press(code=service.code_for(MOBILE))
    visitor.get(ACTIVITY)
    assert lines(visitor) == ["Nome utente cambiato", "Accesso con la password", "Registrazione completata"]
    fails("Sbagliata9y")
    visitor.get(ACTIVITY)
    assert lines(visitor)[:2] == ["Accesso non riuscito: password sbagliata", "Nome utente cambiato"]
    visitor.get("/account/data")
    visitor.press()
    kept = [entry["event"] for entry in json.loads(visitor.last.text)["activity"]]
    assert kept.count("sign_in_failed") == 1
    assert kept.index("username_changed") < kept.index("sign_in_failed")


def test_i_older_activity_is_a_page_further_and_each_line_is_told_once(service: InProcess) -> None:
    party, visitor = portal(service), signed_in(service)
    for _ in range(44):
        service.clock.move(1)
        party.tokens(visitor, scope="openid")
    told: list[str] = []
    visitor.get(ACTIVITY)
    for expected in (20, 20, 6):
        assert len(lines(visitor)) == expected
        told += lines(visitor)
        link = re.search(r'id="older" href="([^"]+)"', visitor.last.text)
        if link is not None:
            assert re.fullmatch(r"/account/activity\?from=[A-Za-z0-9_-]+", link[1])
            visitor.get(link[1])
    assert told[-1] == "Registrazione completata"


def test_i_a_place_in_somebody_else_s_activity_or_a_made_up_one_begins_anew(service: InProcess) -> None:
    party, visitor, his = portal(service), signed_in(service), luca(service)
    for _ in range(25):
        party.tokens(visitor, scope="openid")
        party.tokens(his, scope="openid")
    visitor.get(ACTIVITY)
    newest = lines(visitor)
    his.get(ACTIVITY)
    link = re.search(r'id="older" href="([^"]+)"', his.last.text)
    assert link is not None
    for address in (link[1], f"{ACTIVITY}?from=", f"{ACTIVITY}?from=AAAA", f"{ACTIVITY}?from=%27%20OR%201"):
        visitor.get(address)
        assert (visitor.last.status_code, lines(visitor)) == (200, newest)


def test_i_what_is_older_than_ninety_days_is_not_told(service: InProcess) -> None:
    service.clock.move(91 * DAY)
    visitor = signed_in(service)
    visitor.get(ACTIVITY)
    assert lines(visitor) == ["Accesso con la password"]


# --- language ---------------------------------------------------------------------------------------------


def test_i_pages_and_messages_come_in_the_language_that_was_chosen(service: InProcess) -> None:
    visitor = signed_in(service)
    visitor.get(LANGUAGE)
    visitor.press(language="de")
    assert visitor.page == "account"
    assert '<html lang="de"' in visitor.last.text
    assert value(service, "SELECT language FROM accounts") == "de"
    signed_in(service)
    newest = next(m for m in service.post() if m["purpose"] == "new_device")
    assert "neuen Gerät" in newest["text"]
    assert len(sent(service, "new_device")) == 2
    assert trail(service, "language_changed") == [{"language": "de"}]


def test_i_a_language_that_was_pressed_lasts_until_another_is_chosen_for_good(service: InProcess) -> None:
    visitor = signed_in(service)
    visitor.get("/account?lang=en")
    visitor.get(APPS)
    assert '<html lang="en"' in visitor.last.text
    visitor.get(LANGUAGE)
    visitor.press(language="it")
    visitor.get(APPS)
    assert '<html lang="it"' in visitor.last.text


@pytest.mark.parametrize("language", ["", "fr", "xx' OR 1", "IT"])
def test_i_a_language_that_is_not_offered_changes_nothing(service: InProcess, language: str) -> None:
    visitor = signed_in(service)
    visitor.get(LANGUAGE)
    visitor.press(language=language)
    assert (visitor.page, visitor.faults) == ("account-language", ["language"])
    assert value(service, "SELECT language FROM accounts") == "it"
