"""Delivery: what is due leaves once, outages lose nothing, and one bad row holds up no other."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from joserfc import jws, jwt
from joserfc.jwk import KeySet
from sqlalchemy import update

from idp.flows import clients, keys, post
from idp.flows.deliver import LEASE_SECONDS, Delivered, deliver_due, wait_after
from idp.flows.idp import Idp
from idp.flows.sweep import sweep
from idp.flows.wording import Purpose
from idp.ports import Delivery
from idp.settings import Settings
from idp.store import outbox
from idp.store.database import DatabaseDown
from idp.store.outbox import Channel
from idp.store.tables import outbox as table
from idp.values import Contact, EmailAddress, MobileNumber
from tests.delivery.conftest import NOW, Crier, MovableClock, Pigeon, built, opened, rows
from tests.parts.sms_gateway import SmsGateway

ANNA = EmailAddress("anna.verdi@example.com")
BRUNO = MobileNumber("+393331234501")
HOUR = 3600


def put(
    idp: Idp,
    to: Contact | None = ANNA,
    *,
    purpose: Purpose = Purpose.REGISTRATION_CODE,
    life: int = 600,
    link: str | None = None,
) -> str:
    now = idp.clock.now()
    parcel = post.prepare(
        idp,
        to=to,
        purpose=purpose,
        language="it",
        now=now,
        expires_at=now + life,
        code="123456",
        link=link,
    )
    with idp.writing() as tx:
        outbox.add(tx, parcel)
    return parcel.id


def round_of(idp: Idp, pigeon: Pigeon, crier: Crier | None = None) -> Delivered:
    both = {Channel.EMAIL: pigeon, Channel.SMS: pigeon}
    return deliver_due(idp, both, idp.clock.now(), logout_sender=crier)


def states(idp: Idp) -> list[str]:
    return [str(row["state"]) for row in rows(idp)]


def test_a6_code_goes_to_the_chosen_contact(idp: Idp) -> None:
    row_id, pigeon = put(idp, BRUNO, link="https://localhost/register/link/x"), Pigeon()
    assert round_of(idp, pigeon) == Delivered(sent=1)
    (message,) = pigeon.carried
    assert message.to == BRUNO
    assert message.idempotency_key == row_id
    assert (message.code, message.link) == ("123456", "https://localhost/register/link/x")
    assert message.text.startswith("123456")
    assert message.purpose == "registration_code"
    assert states(idp) == ["sent"]
    assert round_of(idp, pigeon) == Delivered()


def test_nothing_without_recipient_is_ever_carried(idp: Idp) -> None:
    put(idp, None)
    pigeon = Pigeon()
    assert round_of(idp, pigeon) == Delivered(void=1)
    assert pigeon.carried == []
    (row,) = rows(idp)
    assert (row["state"], row["sealed_parcel"]) == ("void", None)


def test_a_refused_message_is_not_tried_again(idp: Idp, clock: MovableClock) -> None:
    put(idp)
    pigeon = Pigeon(otherwise=Delivery.REFUSED)
    assert round_of(idp, pigeon) == Delivered(dead=1)
    clock.advance(300)
    assert round_of(idp, pigeon) == Delivered()
    assert len(pigeon.carried) == 1


def test_a_message_is_repeated_under_the_same_key(idp: Idp, clock: MovableClock) -> None:
    row_id = put(idp)
    pigeon = Pigeon(answers=[Delivery.RETRY, Delivery.RETRY])
    for _ in range(20):
        round_of(idp, pigeon)
        clock.advance(5)
    assert [message.idempotency_key for message in pigeon.carried] == [row_id] * 3
    assert states(idp) == ["sent"]


def test_a_code_that_waited_too_long_is_not_sent_even_once(idp: Idp, clock: MovableClock) -> None:
    put(idp, life=600)
    clock.advance(600)
    pigeon = Pigeon()
    assert round_of(idp, pigeon) == Delivered()
    assert pigeon.carried == []


def test_an_expired_code_is_not_sent(idp: Idp, clock: MovableClock) -> None:
    put(idp, life=600)
    pigeon = Pigeon(otherwise=Delivery.RETRY)
    for _ in range(60):
        round_of(idp, pigeon)
        clock.advance(10)
    assert clock.now() == NOW + 600
    pigeon.otherwise = Delivery.SENT
    tried = len(pigeon.carried)
    assert round_of(idp, pigeon) == Delivered()
    assert sweep(idp, clock.now()).removed["outbox_expired"] == 1
    assert len(pigeon.carried) == tried
    assert states(idp) == ["expired"]


def test_an_outage_of_an_hour_loses_no_message_and_doubles_none(idp: Idp, clock: MovableClock) -> None:
    notices = {put(idp, purpose=Purpose.ACCOUNT_CREATED, life=24 * HOUR) for _ in range(3)}
    code = put(idp, life=600)
    pigeon = Pigeon(otherwise=Delivery.RETRY)
    while clock.now() < NOW + HOUR:
        round_of(idp, pigeon)
        clock.advance(10)
    assert len(pigeon.carried) < 4 * 30, "the gateway was hammered"
    pigeon.carried.clear()
    pigeon.otherwise = Delivery.SENT
    while clock.now() < NOW + HOUR + 400:
        round_of(idp, pigeon)
        clock.advance(10)
    assert sorted(message.idempotency_key for message in pigeon.carried) == sorted(notices)
    assert code not in notices


def test_what_nobody_takes_is_given_up_in_the_end(idp: Idp, clock: MovableClock) -> None:
    put(idp, purpose=Purpose.ACCOUNT_CREATED, life=24 * HOUR)
    pigeon = Pigeon(otherwise=Delivery.RETRY)
    while clock.now() < NOW + 3 * HOUR:
        round_of(idp, pigeon)
        clock.advance(60)
    assert states(idp) == ["dead"]
    assert len(pigeon.carried) >= idp.settings.delivery.attempts


def test_one_unreadable_row_holds_up_no_other(idp: Idp) -> None:
    bad, good = put(idp), put(idp)
    with idp.writing() as tx:
        tx.execute(update(table).where(table.c.id == bad).values(sealed_parcel=b"\x06outbox-torn"))
    pigeon = Pigeon()
    assert round_of(idp, pigeon) == Delivered(sent=1, dead=1)
    assert [message.idempotency_key for message in pigeon.carried] == [good]


@pytest.mark.parametrize("content", [{}, {"to": None}, [], "text", {"to": ["email", "x"], "subject": "s"}])
def test_a_row_with_foreign_content_is_dead_not_a_crash(idp_on_sqlite: Idp, content: object) -> None:
    row_id = put(idp_on_sqlite)
    sealed = post.sealer(idp_on_sqlite).seal(content, outbox.sealing_place(row_id))
    with idp_on_sqlite.writing() as tx:
        tx.execute(update(table).values(sealed_parcel=sealed))
    assert round_of(idp_on_sqlite, Pigeon()) == Delivered(dead=1)


def test_a_courier_that_raises_is_tried_again(idp_on_sqlite: Idp, clock: MovableClock) -> None:
    put(idp_on_sqlite)

    def fall() -> None:
        raise RuntimeError("a library's own fault")

    pigeon = Pigeon(before=fall)
    assert round_of(idp_on_sqlite, pigeon) == Delivered(later=1)
    pigeon.before = lambda: None
    clock.advance(10)
    assert round_of(idp_on_sqlite, pigeon) == Delivered(sent=1)


def test_a_channel_without_courier_waits(idp_on_sqlite: Idp) -> None:
    put(idp_on_sqlite, BRUNO)
    assert deliver_due(idp_on_sqlite, {Channel.EMAIL: Pigeon()}, NOW) == Delivered(later=1)
    assert states(idp_on_sqlite) == ["waiting"]


def test_rows_a_slow_courier_leaves_no_time_for_go_back(idp_on_sqlite: Idp, clock: MovableClock) -> None:
    for _ in range(4):
        put(idp_on_sqlite)
    pigeon = Pigeon(before=lambda: clock.advance(LEASE_SECONDS / 4 + 1))
    assert round_of(idp_on_sqlite, pigeon) == Delivered(sent=2, back=2)
    pigeon.before = lambda: None
    # Without waiting for the lease to end.
    assert round_of(idp_on_sqlite, pigeon) == Delivered(sent=2)
    assert len({message.idempotency_key for message in pigeon.carried}) == 4


def test_a_database_away_for_a_moment_does_not_double_what_was_sent(
    idp_on_sqlite: Idp, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(idp_on_sqlite)
    away = [DatabaseDown(), DatabaseDown()]
    writing = Idp.writing

    def failing(self: Idp) -> object:
        if away and pigeon.carried:
            raise away.pop()
        return writing(self)

    pigeon = Pigeon()
    monkeypatch.setattr(Idp, "writing", failing)
    assert round_of(idp_on_sqlite, pigeon) == Delivered(sent=1)
    assert away == []
    assert states(idp_on_sqlite) == ["sent"]


@pytest.mark.parametrize("attempt", [1, 2, 3, 8, 9, 40, 1000])
def test_the_wait_doubles_up_to_a_ceiling_and_half_of_it_is_drawn(idp_on_sqlite: Idp, attempt: int) -> None:
    whole = min(300, 2 * 2 ** min(attempt - 1, 20))
    drawn = {
        wait_after(attempt, first=2, factor=2, longest=300, entropy=idp_on_sqlite.entropy) for _ in range(200)
    }
    assert all(whole / 2 <= seconds <= whole for seconds in drawn)
    assert len(drawn) > 1 or whole <= 2


@pytest.mark.slow
def test_a_kill_between_sending_and_marking_repeats_one_message_under_its_key(
    sqlite_url: str, key_folder: Path, sms_gateway: SmsGateway
) -> None:
    """A real process, killed with -9 while the gateway holds its answer back."""
    clock = MovableClock()
    settings = Settings.model_validate(
        {
            "delivery": {"sms": "webhook"},
            "sms": {"url": sms_gateway.url, "secret": "a secret of a gateway", "timeout": 20},
        }
    )
    with opened(sqlite_url) as database:
        idp = built(database, key_folder, clock, settings)
        first, second = put(idp, BRUNO), put(idp, BRUNO)
        sms_gateway.delay(20, times=1)
        script = Path(__file__).with_name("one_round.py")
        sender = subprocess.Popen(
            [sys.executable, str(script), sqlite_url, str(key_folder), sms_gateway.url, str(NOW)],
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        try:
            (before_the_kill,) = sms_gateway.wait_for_posts(1, seconds=20)
        finally:
            sender.send_signal(signal.SIGKILL)
            sender.wait()
        sms_gateway.forget()
        held = {row["id"]: row["state"] for row in rows(idp)}
        assert held == {first: "waiting", second: "waiting"}

        from idp.adapters.sms_webhook import SmsWebhookCourier

        couriers = {Channel.SMS: SmsWebhookCourier(settings)}
        assert deliver_due(idp, couriers, clock.now()) == Delivered(), "the dead process's lease still holds"
        clock.advance(LEASE_SECONDS)
        assert deliver_due(idp, couriers, clock.now()) == Delivered(sent=2)
        posted = [str(record.headers["Idempotency-Key"]) for record in sms_gateway.posts]
        # Nothing is lost; one is a repetition, and says so by its key.
        assert sorted(posted) == sorted([first, second])
        assert str(before_the_kill.headers["Idempotency-Key"]) in posted
        assert states(idp) == ["sent", "sent"]


# --- back-channel logout -----------------------------------------------------------------------------------

URI = "https://portal.example.com/backchannel-logout"
EVENT = "http://schemas.openid.net/event/backchannel-logout"


def told_logout(idp: Idp, *, alg: str = "ES256") -> None:
    keys.init(idp, now=idp.clock.now())
    registration = {
        "client_id": "portal",
        "client_name": "Portal",
        "client_kind": "web",
        "redirect_uris": ["https://portal.example.com/callback"],
        "backchannel_logout_uri": URI,
        "id_token_signed_response_alg": alg,
    }
    added = clients.add(idp, registration, now=idp.clock.now())
    assert isinstance(added, clients.Registered)
    parcel = post.prepare_logout(idp, "portal", URI, "the-sub", "the-sid", idp.clock.now())
    with idp.writing() as tx:
        outbox.add(tx, parcel)


@pytest.mark.parametrize("alg", ["ES256", "RS256"])
def test_a_logout_token_is_what_the_specification_says(idp: Idp, alg: str) -> None:
    """OpenID Connect Back-Channel Logout 1.0 §2.4."""
    told_logout(idp, alg=alg)
    crier = Crier()
    assert round_of(idp, Pigeon(), crier) == Delivered(sent=1)
    ((uri, token),) = crier.told
    assert uri == URI
    jwks, _ = idp.signers.jwks()
    verified = jwt.decode(token, KeySet.import_key_set(json.loads(jwks)), algorithms=[alg])
    assert verified.header["typ"] == "logout+jwt"
    claims = verified.claims
    assert claims["iss"] == idp.issuer
    assert claims["aud"] == "portal"
    assert (claims["sub"], claims["sid"]) == ("the-sub", "the-sid")
    assert claims["events"] == {EVENT: {}}
    assert claims["iat"] == NOW
    assert 0 < claims["exp"] - claims["iat"] <= 120
    assert claims["jti"]
    assert "nonce" not in claims


@pytest.mark.slow
def test_a_logout_token_is_signed_anew_at_each_attempt(idp: Idp, clock: MovableClock) -> None:
    told_logout(idp)
    crier = Crier(answer=Delivery.RETRY)
    while clock.now() < NOW + 25 * HOUR:
        round_of(idp, Pigeon(), crier)
        clock.advance(60)
    claims = [json.loads(jws.extract_compact(token.encode()).payload) for _, token in crier.told]
    assert len(claims) == idp.settings.logout.backchannel_attempts
    assert len({claim["jti"] for claim in claims}) == len(claims)
    last = claims[-1]["iat"]
    # A relying party that is down for hours still learns of it, and is left alone after a day.
    assert NOW + 6 * HOUR < last < NOW + 24 * HOUR
    assert claims[-1]["exp"] > last
    assert states(idp) == ["dead"]


def test_a_client_that_was_removed_is_not_called(idp: Idp) -> None:
    told_logout(idp)
    assert clients.remove(idp, "portal", now=NOW) is None
    crier = Crier()
    assert round_of(idp, Pigeon(), crier) == Delivered(dead=1)
    assert crier.told == []


def test_a_logout_waits_for_a_signing_key(idp: Idp, clock: MovableClock) -> None:
    parcel = post.prepare_logout(idp, "portal", URI, "the-sub", None, NOW)
    registration = {
        "client_id": "portal",
        "client_name": "Portal",
        "client_kind": "web",
        "redirect_uris": ["https://portal.example.com/callback"],
    }
    assert isinstance(clients.add(idp, registration, now=NOW), clients.Registered)
    with idp.writing() as tx:
        outbox.add(tx, parcel)
    crier = Crier()
    assert round_of(idp, Pigeon(), crier) == Delivered(later=1)
    keys.init(idp, now=NOW)
    idp.signers.forget()
    clock.advance(60)
    assert round_of(idp, Pigeon(), crier) == Delivered(sent=1)
    payload = jws.extract_compact(crier.told[0][1].encode()).payload
    assert b'"sid"' not in payload
