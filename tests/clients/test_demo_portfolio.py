"""The demonstration's policies are whole, and their dates never lie in the past."""

from datetime import UTC, date, datetime

import pytest

from clients.policies.portfolio import LANGUAGES, demo_portfolio, next_renewal


@pytest.mark.parametrize(
    ("renews", "today", "expected"),
    [
        ("10-13", date(2026, 11, 22), date(2027, 10, 13)),
        ("11-22", date(2026, 11, 22), date(2026, 11, 22)),
        ("12-01", date(2026, 11, 22), date(2026, 12, 1)),
        ("01-28", date(2027, 12, 31), date(2028, 1, 28)),
    ],
)
def test_the_next_renewal_is_today_or_later(renews: str, today: date, expected: date) -> None:
    assert next_renewal(renews, today) == expected


def test_every_policy_speaks_every_language_and_names_its_customer() -> None:
    portfolio = demo_portfolio()
    assert len(portfolio.policies) >= 30
    for number, policy in portfolio.policies.items():
        assert policy["customer_number"] == f"C{number.rpartition('-')[2]}"
        for text in ("title", "cover", "insured", "limit"):
            assert all(policy[text][language] for language in LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_policy_can_be_shown_on_every_day_of_a_year(language: str) -> None:
    portfolio = demo_portfolio()
    customers = {policy["customer_number"] for policy in portfolio.policies.values()}
    for month in range(1, 13):
        now = int(datetime(2028, month, 28, tzinfo=UTC).timestamp())
        for customer in customers:
            for policy in portfolio.held_by(customer, language, now):
                assert policy["due_on"] is None or policy["due_on"] >= f"2028-{month:02d}-28"
                assert portfolio.documents(customer, policy["number"], language, now)


def test_an_ended_policy_has_no_due_date_and_a_collective_one_no_premium() -> None:
    portfolio = demo_portfolio()
    (ended,) = portfolio.held_by("C100006", "it", 0)
    assert (ended["active"], ended["due_on"], ended["premium"]) == (False, None, None)
    (collective,) = portfolio.held_by("C100020", "it", 0)
    assert (collective["collective"], collective["premium"]) == (True, None)
