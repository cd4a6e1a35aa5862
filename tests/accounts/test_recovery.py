"""Where a recovery stands: a table of every proof that is there or missing, and what each step leads to."""

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from idp.accounts import recovery as rules
from idp.accounts.offers import Option
from idp.accounts.recovery import (
    Account,
    Obstacle,
    Owner,
    ProvenWay,
    Recovery,
    Stage,
    obstacle_of,
    old_enough,
    second_ways,
)
from idp.values import ContactKind, parse_contact, parse_identifier

NOW = 1_800_000_000
DAY = 86400
EMAIL, MOBILE = parse_contact("maria.rossi@posta.example"), parse_contact("+393331234501")
BY_EMAIL, BY_MOBILE = Option("e", EMAIL, "C100001"), Option("m", MOBILE, "C100001")
OWNER = Owner("sub-1", NOW - 1000)
THE_EMAIL = ProvenWay(b"e", ContactKind.EMAIL, NOW - 900)
THE_MOBILE = ProvenWay(b"m", ContactKind.MOBILE, NOW - 800)
OTHER_MOBILE = ProvenWay(b"o", ContactKind.MOBILE, NOW - 700)
OTHER_EMAIL = ProvenWay(b"x", ContactKind.EMAIL, NOW - 600)
BEGUN = Recovery(
    id="recovery-1",
    case_number="7K2-4QF",
    language="it",
    created_at=NOW,
    expires_at=NOW + 1800,
    identifier=parse_identifier("RSSMRA80D52H501K"),
    options=(BY_EMAIL, BY_MOBILE),
)
CHOSEN = replace(BEGUN, chosen="e", owner=OWNER)
PROVEN = replace(CHOSEN, proven_at=NOW)


def account(*proven: ProvenWay, used: bytes = b"e", **changed: object) -> Account:
    """Maria's account, with these contacts proven."""
    made = Account("sub-1", True, OWNER.password_changed_at, used, proven)
    return replace(made, **changed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("recovery", "of", "stage"),
    [
        (BEGUN, None, Stage.CONTACTS),
        (replace(BEGUN, chosen="of another list"), None, Stage.CONTACTS),
        (CHOSEN, None, Stage.VERIFY),
        (PROVEN, account(THE_EMAIL), Stage.PASSWORD),
        (PROVEN, account(), Stage.PASSWORD),
        (PROVEN, account(THE_EMAIL, THE_MOBILE), Stage.SECOND),
        (PROVEN, account(THE_EMAIL, replace(THE_MOBILE, lost=True)), Stage.FACTORS),
        (replace(PROVEN, second_at=NOW), account(THE_EMAIL, THE_MOBILE), Stage.FACTORS),
        (replace(PROVEN, second_at=NOW, kept=frozenset()), account(THE_EMAIL, THE_MOBILE), Stage.PASSWORD),
        (replace(PROVEN, kept=frozenset()), account(THE_EMAIL, THE_MOBILE), Stage.SECOND),
        (replace(PROVEN, second_at=NOW, activation="ab"), account(THE_MOBILE), Stage.FACTORS),
        (PROVEN, None, Stage.OVER),
        (PROVEN, account(active=False), Stage.OVER),
        (PROVEN, account(sub="sub-2"), Stage.OVER),
        (PROVEN, account(password_changed_at=NOW), Stage.OVER),
        (PROVEN, account(password_changed_at=None), Stage.OVER),
        (replace(PROVEN, owner=None), account(), Stage.OVER),
        (replace(PROVEN, obstacle=Obstacle.FRESH_CONTACT), account(), Stage.OVER),
        (replace(PROVEN, expires_at=NOW), account(), Stage.EXPIRED),
        (replace(PROVEN, completed_at=NOW), account(), Stage.COMPLETED),
    ],
)
def test_where_it_stands_follows_from_what_is_stored(
    recovery: Recovery, of: Account | None, stage: Stage
) -> None:
    assert recovery.stage(of, NOW) is stage


def test_no_combination_reaches_the_password_without_the_proofs() -> None:
    reached = 0
    for proven_at, second_at, kept, chosen, owner, obstacle, activation, ways, active in itertools.product(
        (None, NOW),
        (None, NOW),
        (None, frozenset[str]()),
        (None, "e", "x"),
        (None, OWNER, Owner("sub-2", OWNER.password_changed_at)),
        (None, Obstacle.NO_ACCOUNT),
        (None, "ab"),
        ((), (THE_EMAIL,), (THE_EMAIL, THE_MOBILE)),
        (True, False),
    ):
        recovery = replace(
            BEGUN,
            proven_at=proven_at,
            second_at=second_at,
            kept=kept,
            chosen=chosen,
            owner=owner,
            obstacle=obstacle,
            activation=activation,
        )
        if recovery.stage(account(*ways, active=active), NOW) is Stage.PASSWORD:
            reached += 1
            assert proven_at is not None
            assert owner == OWNER
            assert obstacle is None
            assert active
            assert chosen == "e"
            assert second_at is not None or activation is not None or THE_MOBILE not in ways
            assert kept is not None or THE_MOBILE not in ways
    assert reached > 0


@pytest.mark.parametrize(
    ("used", "kind", "proven", "asked"),
    [
        (b"e", ContactKind.EMAIL, (THE_EMAIL,), ()),
        (b"e", ContactKind.EMAIL, (THE_EMAIL, OTHER_EMAIL), ()),
        (b"e", ContactKind.EMAIL, (THE_EMAIL, replace(THE_MOBILE, pending="change-1")), ()),
        (b"e", ContactKind.EMAIL, (THE_EMAIL, THE_MOBILE), (THE_MOBILE,)),
        (b"?", ContactKind.EMAIL, (THE_EMAIL, THE_MOBILE), (THE_MOBILE,)),
        (b"e", ContactKind.EMAIL, (OTHER_MOBILE, THE_MOBILE), (THE_MOBILE, OTHER_MOBILE)),
        (b"m", ContactKind.MOBILE, (THE_MOBILE,), ()),
        (b"m", ContactKind.MOBILE, (THE_EMAIL, THE_MOBILE), (THE_EMAIL,)),
        (b"m", ContactKind.MOBILE, (THE_EMAIL, THE_MOBILE, OTHER_MOBILE), (OTHER_MOBILE, THE_EMAIL)),
        (b"m", ContactKind.MOBILE, (THE_MOBILE, replace(THE_EMAIL, lost=True)), ()),
    ],
)
def test_the_second_way_is_another_contact_or_device(
    used: bytes, kind: ContactKind, proven: tuple[ProvenWay, ...], asked: tuple[ProvenWay, ...]
) -> None:
    assert second_ways(used, kind, proven) == asked


def test_what_is_not_said_to_be_kept_goes() -> None:
    proven = (THE_EMAIL, THE_MOBILE, OTHER_MOBILE)
    assert PROVEN.removes(proven) == (THE_MOBILE, OTHER_MOBILE)
    assert replace(PROVEN, kept=frozenset({b"m".hex()})).removes(proven) == (OTHER_MOBILE,)
    assert replace(PROVEN, kept=frozenset({b"e".hex(), b"m".hex(), b"o".hex()})).removes(proven) == ()


DAY_OF_CHANGE = date(2026, 11, 20)
MIDNIGHT = int(datetime(2026, 11, 20, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("seconds", "old"), [(7 * DAY, True), (7 * DAY - 1, False), (0, False), (-DAY, False), (900 * DAY, True)]
)
def test_a_contact_recovers_after_its_time(seconds: int, old: bool) -> None:
    assert old_enough(DAY_OF_CHANGE, 7 * DAY, MIDNIGHT + seconds) is old


@pytest.mark.parametrize(
    ("owner", "changed_on", "active", "obstacle"),
    [
        (OWNER, date(2020, 1, 1), True, None),
        (OWNER, date(2020, 1, 1), False, Obstacle.NOT_ACTIVE),
        (OWNER, datetime.fromtimestamp(NOW, UTC).date(), True, Obstacle.FRESH_CONTACT),
        # Nothing of a locked account is told, and nothing of a contact to whoever has no account.
        (OWNER, datetime.fromtimestamp(NOW, UTC).date(), False, Obstacle.NOT_ACTIVE),
        (None, datetime.fromtimestamp(NOW, UTC).date(), False, Obstacle.NO_ACCOUNT),
        (None, date(2020, 1, 1), False, Obstacle.NO_ACCOUNT),
        (OWNER, None, True, Obstacle.NOTHING_OFFERED),
    ],
)
def test_why_a_contact_recovers_nothing(
    owner: Owner | None, changed_on: date | None, active: bool, obstacle: Obstacle | None
) -> None:
    assert obstacle_of(owner, changed_on, 7 * DAY, NOW, active=active) is obstacle


def test_two_obstacles_are_told_to_the_contact_and_no_other() -> None:
    told = {obstacle for obstacle in Obstacle if obstacle.told_to_contact}
    assert told == {Obstacle.NO_ACCOUNT, Obstacle.FRESH_CONTACT}


def test_what_is_sealed_comes_back_whole() -> None:
    whole = replace(PROVEN, kept=frozenset({"6d"}), options=(BY_EMAIL, Option("d", MOBILE, None)))
    stored = rules.to_json(whole)
    assert rules.options_of(stored) == whole.options
    assert rules.owner_of(stored) == whole.owner
    assert rules.kept_of(stored) == whole.kept
    assert rules.identifier_of(stored) == whole.identifier
    nothing = rules.to_json(BEGUN)
    assert (rules.owner_of(nothing), rules.kept_of(nothing)) == (None, None)


def test_personal_data_stand_in_no_repr() -> None:
    assert "maria" not in repr(PROVEN)
    assert "RSSMRA" not in repr(PROVEN)
