"""Journey B6 over HTTP: the button of a dead link's page, in a browser that did not begin."""

import re

import pytest

from idp.values import Handle
from tests.journeys.link_walks import (
    BRUNO,
    ENROLMENT,
    EVERYBODY,
    GIULIA,
    LINK,
    MARIA,
    NEW_PASSWORD,
    SESSION,
    Customer,
    accounts,
    began,
    elsewhere,
    link_for,
    rows,
)
from tests.service.in_process import InProcess
from tests.service.relying_party import answer_of, portal
from tests.service.visitor import Visitor

UNKNOWN = "/register/link/" + "k" * 43


@pytest.fixture
def service(clean_service: InProcess) -> InProcess:
    """The service, with nobody registered."""
    return clean_service


def stripped(visitor: Visitor) -> str:
    """The page without what is drawn anew for each browser and each registration."""
    text = re.sub(r'name="csrf" value="[^"]*"', "", visitor.last.text)
    return re.sub(r"[2-9A-Z]{3}-[2-9A-Z]{3}", "CASE", text)


def died(service: InProcess, who: Customer = MARIA) -> str:
    """A link whose ten minutes are over, sent by a registration that still is under way."""
    began(service, who)
    link = link_for(service, who.contact)
    service.clock.move(600)
    return link


def asked(service: InProcess, link: str, source: str = "203.0.113.5") -> Visitor:
    """Another browser, in which the button of that link's page was pressed."""
    other = elsewhere(service, link, source)
    assert other.page == "link-expired"
    other.press(resend="yes")
    return other


@pytest.mark.parametrize("who", EVERYBODY, ids=lambda who: who.number)
def test_b6_the_dead_links_page_sends_a_new_link_to_the_same_contact(
    service_on_both: InProcess, who: Customer
) -> None:
    service = service_on_both
    old = died(service, who)
    other = asked(service, old)
    assert (other.page, other.at) == ("link-expired", "/register/link?sent=again")
    message = service.post()[0]
    assert (message["to"], message["purpose"], message["code"]) == (who.contact, "registration_link", None)
    link = link_for(service, who.contact)
    assert link != old
    other.get(link)
    assert other.page == "link"
    # What the first browser holds is not handed over: the customer shows what they know, and chooses.
    other.press(**who.knows, new_password=NEW_PASSWORD)
    assert other.page == "register-done"
    assert other.cookie(SESSION) is not None
    assert other.cookie(ENROLMENT) is None
    assert rows(service, f"SELECT count(*) FROM accounts WHERE customer_number = '{who.number}'") == 1


def test_b6_whoever_asked_with_a_dead_link_is_handed_nothing(service: InProcess) -> None:
    other = asked(service, died(service))
    assert other.cookie(ENROLMENT) is None
    for path in ("/register/link", "/register/data", "/register/password", "/register/verify"):
        other.get(path)
        assert other.page in ("link-expired", "register-data", "register-profile")
        assert "Rossi" not in other.last.text
        assert "posta.example" not in other.last.text
    # Nor does the old link do more than before.
    other.get("/register/link")
    other.press(**MARIA.knows, new_password=NEW_PASSWORD)
    assert other.page == "link-expired"
    assert accounts(service) == 0


def test_b6_looking_at_a_dead_link_sends_nothing(service: InProcess) -> None:
    other = elsewhere(service, died(service))
    before = len(service.post())
    for method in ("GET", "HEAD"):
        other.fetch(method, "/register/link?resend=yes")
        other.fetch(method, "/register/link?sent=again")
    other.send("/register/link", {"resend": "yes"})
    assert other.last.status_code == 403
    assert len(service.post()) == before


def test_b6_the_new_link_completes_with_one_press_where_it_was_begun(service: InProcess) -> None:
    party, first = portal(service), service.visitor()
    party.ask(first, prompt="create")
    began(service, MARIA, first)
    old = link_for(service)
    service.clock.move(600)
    asked(service, old)
    first.get(link_for(service))
    assert 'name="new_password"' not in first.last.text
    first.press()
    assert first.page == "register-done"
    first.press()
    assert "code" in answer_of(first)


def test_b6_the_request_that_waits_stays_where_it_was_begun(service: InProcess) -> None:
    party, first = portal(service), service.visitor()
    party.ask(first, prompt="create")
    interaction = first.at.partition("interaction=")[2]
    began(service, MARIA, first)
    old = link_for(service)
    service.clock.move(60)
    first.press(resend="yes")
    service.clock.move(60)
    other = asked(service, old)
    other.get(link_for(service))
    other.press(family_name="Rossi", new_password=NEW_PASSWORD)
    assert other.page == "register-done"
    assert interaction not in other.last.text
    first.get("/register/verify", interaction=interaction)
    assert first.page == "register-verify"


def test_b6_known_used_and_made_up_links_answer_alike(service: InProcess) -> None:
    first = began(service)
    replaced = link_for(service)
    service.clock.move(60)
    first.press(resend="yes")
    used = link_for(service)
    began(service, BRUNO)
    expired = link_for(service, BRUNO.contact)
    service.clock.move(600)
    seen: dict[str, list[tuple[int, str | None, list[str], str]]] = {}
    for name, link in {
        "expired": expired,
        "replaced": replaced,
        "made up": UNKNOWN,
        "of nobody": "/register/link/" + "q" * 43,
    }.items():
        other = asked(service, link)
        shown = [(other.last.status_code, other.page, other.faults, stripped(other))]
        for _ in range(2):
            other.press(resend="yes")
            shown.append((other.last.status_code, other.page, other.faults, stripped(other)))
        seen[name] = shown
        service.clock.move(60)
    assert [status for status, *_ in seen["expired"]] == [410, 429, 429]
    for shown in seen.values():
        assert shown == seen["expired"]
    # The two of one contact: it got a message for each, a minute apart.
    service.clock.move(900)
    other = asked(service, used)
    other.get(link_for(service))
    other.press(family_name="Rossi", new_password=NEW_PASSWORD)
    assert other.page == "register-done"
    after = asked(service, replaced)
    assert stripped(after) == seen["expired"][0][3]
    assert accounts(service) == 1


def test_b6_known_and_made_up_links_cost_alike(service_on_both: InProcess) -> None:
    service = service_on_both
    old = died(service)
    costs: list[tuple[list[str], int]] = []
    growth: list[dict[str, int]] = []
    kept = ("challenges", "outbox", "audit_events")
    for link in (old, UNKNOWN):
        other = elsewhere(service, link)
        before = {table: rows(service, f"SELECT count(*) FROM {table}") for table in kept}
        with service.counting() as counts:
            other.send("/register/link", {"csrf": other.csrf, "resend": "yes"})
        assert other.last.status_code == 303
        costs.append((counts.statements, counts.commits))
        growth.append({t: rows(service, f"SELECT count(*) FROM {t}") - before[t] for t in kept})
    assert costs[0] == costs[1]
    assert growth[0] == growth[1] == {"challenges": 1, "outbox": 1, "audit_events": 1}


def test_b6_nobody_gets_a_message_for_a_made_up_link(service: InProcess) -> None:
    began(service)
    before = len(service.post())
    asked(service, UNKNOWN)
    asked(service, "/register/link/short")
    asked(service, "/register/link")
    assert len(service.post()) == before
    assert rows(service, "SELECT count(*) FROM challenges WHERE code_mac IS NULL") == 3


def test_b6_a_dead_link_asks_for_one_message_a_minute(service: InProcess) -> None:
    old = died(service)
    other = asked(service, old)
    # Another browser with the same link, and another link of the same contact, get no second one sooner.
    other.press(resend="yes")
    assert (other.last.status_code, other.faults) == (429, ["page"])
    assert other.last.headers["Retry-After"] == "60"
    again = asked(service, old, "203.0.113.6")
    assert again.last.status_code == 429
    assert [m["purpose"] for m in service.post()].count("registration_link") == 1


def test_b6_who_has_just_been_written_to_is_not_written_to_again(service: InProcess) -> None:
    first = began(service)
    old = link_for(service)
    service.clock.move(60)
    first.press(resend="yes")
    newer = link_for(service)
    before = len(service.post())
    other = asked(service, old)
    assert (other.page, other.at) == ("link-expired", "/register/link?sent=again")
    assert len(service.post()) == before
    # And what was sent a moment ago is still good.
    other.get(newer)
    other.press(family_name="Rossi", new_password=NEW_PASSWORD)
    assert other.page == "register-done"


def test_b6_dead_links_share_the_limits_of_their_contact(service: InProcess) -> None:
    service.clock.move(900 - service.clock.now() % 900)
    first = began(service)
    old = link_for(service)
    service.clock.move(60)
    first.press(resend="yes")
    service.clock.move(60)
    asked(service, old)
    service.clock.move(60)
    before = len(service.post())
    newest = link_for(service)
    # The fourth of a quarter of an hour: nothing is sent, and nothing that was sent is voided.
    fourth = asked(service, old)
    assert (fourth.page, fourth.last.status_code) == ("link-expired", 410)
    assert len(service.post()) == before
    fourth.get(newest)
    assert fourth.page == "link"


def test_b6_a_newer_message_voids_the_one_a_dead_link_asked_for(service: InProcess) -> None:
    first = began(service)
    old = link_for(service)
    service.clock.move(600)
    asked(service, old)
    second = link_for(service)
    service.clock.move(60)
    asked(service, old)
    third = link_for(service)
    assert elsewhere(service, second).page == "link-expired"
    assert elsewhere(service, third).page == "link"
    # Two messages in this quarter of an hour, by whatever way: the third is the last one sent.
    service.clock.move(240)
    first.get("/register/verify")
    first.press(resend="yes")
    assert elsewhere(service, third).page == "link-expired"
    assert elsewhere(service, link_for(service)).page == "link"


def test_b6_data_typed_anew_void_the_link_a_dead_one_asked_for(service: InProcess) -> None:
    first = began(service)
    old = link_for(service)
    service.clock.move(600)
    asked(service, old)
    first.get("/register/data")
    first.press(**MARIA.data, username=MARIA.contact, accept_terms="yes")
    assert first.page == "register-password"
    assert elsewhere(service, link_for(service)).page == "link-expired"


def test_b6_a_message_for_the_new_contact_is_no_business_of_the_old_link(service: InProcess) -> None:
    first = began(service, GIULIA)
    old = link_for(service, GIULIA.contact)
    first.get("/register/data")
    first.press(**GIULIA.data, username=GIULIA.others[0], accept_terms="yes")
    assert first.page == "register-password"
    service.clock.move(600)
    before = len(service.post())
    asked(service, old)
    assert len(service.post()) == before


def test_b6_who_registered_meanwhile_is_told_so_and_the_page_is_the_same(service: InProcess) -> None:
    first = began(service)
    replaced = link_for(service)
    service.clock.move(60)
    first.press(resend="yes")
    elsewhere(service, link_for(service)).press(family_name="Rossi", new_password=NEW_PASSWORD)
    assert accounts(service) == 1
    service.clock.move(900)
    other = asked(service, replaced)
    assert (other.page, other.at) == ("link-expired", "/register/link?sent=again")
    message = service.post()[0]
    assert (message["to"], message["purpose"]) == (MARIA.contact, "registration_already_registered")
    assert message["link"] is None


def test_b6_five_wrong_names_end_the_new_link_too(service: InProcess) -> None:
    old = died(service)
    asked(service, old)
    other = elsewhere(service, link_for(service))
    for _ in range(5):
        other.press(family_name="Verdi", new_password=NEW_PASSWORD)
    assert other.page == "link-expired"
    other.press(family_name="Rossi", new_password=NEW_PASSWORD)
    assert other.page == "link-expired"
    assert accounts(service) == 0


def test_b6_after_a_day_the_old_link_sends_nothing(service: InProcess) -> None:
    old = died(service)
    service.clock.move(24 * 3600)
    before = len(service.post())
    other = asked(service, old)
    assert (other.page, other.at) == ("link-expired", "/register/link?sent=again")
    assert len(service.post()) == before


def test_b7_the_first_browser_never_learns_that_a_dead_link_asked_or_completed(service: InProcess) -> None:
    """It is compared, word by word, with one whose data did not match from the beginning."""
    first = began(service)
    old = link_for(service)
    control = began(service, MARIA, username="giovanni.bianchi@posta.example")
    service.clock.move(60)
    for visitor in (first, control):
        visitor.press(resend="yes")
    code = service.code_for(MARIA.contact)
    service.clock.move(60)
    asked(service, old)
    seen: dict[str, list[str]] = {"first": [], "control": []}

    def same(step: str) -> None:
        for name, visitor in {"first": first, "control": control}.items():
            text = re.sub(r"[mg]•••••@•••••", "MASKED", stripped(visitor))
            seen[name].append(f"{step} {visitor.last.status_code} {visitor.page} {visitor.faults} {text}")

    for visitor in (first, control):
        visitor.get("/register/verify")
    same("asked elsewhere")
    other = elsewhere(service, link_for(service))
    other.press(family_name="Rossi", new_password=NEW_PASSWORD)
    assert other.page == "register-done"
    for number in range(6):
        for visitor in (first, control):
            visitor.press(code=code)
        same(f"code {number}")
    assert seen["first"] == seen["control"]
    assert accounts(service) == 1
    assert first.cookie(SESSION) is None


def test_the_token_of_a_dead_link_stands_in_no_counter(service: InProcess) -> None:
    old = died(service)
    other = asked(service, old)
    token = Handle(old.rpartition("/")[2])
    with service.idp.reading() as tx:
        counters = str(tx.exec_driver_sql("SELECT * FROM ephemera").all())
        trail = str(tx.exec_driver_sql("SELECT * FROM audit_events").all())
    for trace in (token.secret, token.digest.hex(), token.digest.hex()[:32]):
        assert trace not in counters + trail
    assert other.cookie(LINK) == token.secret
