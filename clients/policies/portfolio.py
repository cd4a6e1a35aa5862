"""The demonstration's policies: who holds which, and what they say in Italian and English."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib import resources
from typing import Any

LANGUAGES = ("it", "en")


@dataclass(frozen=True)
class Portfolio:
    """Every policy of the demonstration, by number."""

    notice: Mapping[str, str]
    policies: Mapping[str, Mapping[str, Any]]

    def held_by(self, customer_number: str, language: str, now: int) -> list[dict[str, Any]]:
        """The customer's policies as the API shows them, in `language`.

        Due dates are the first from `now` (epoch seconds) on.
        """
        return [
            _shown(number, policy, language, _day(now))
            for number, policy in self.policies.items()
            if policy["customer_number"] == customer_number
        ]

    def is_active(self, customer_number: str, number: str) -> bool | None:
        """Whether a policy of the customer is active; None when the customer holds none of this number."""
        policy = self.policies.get(number)
        if policy is None or policy["customer_number"] != customer_number:
            return None
        return policy["active"] is True

    def documents(
        self, customer_number: str, number: str, language: str, now: int
    ) -> list[dict[str, Any]] | None:
        """The documents of one policy, or None when the customer holds no policy of that number."""
        policy = self.policies.get(number)
        if policy is None or policy["customer_number"] != customer_number:
            return None
        return list(_documents(policy, language, _day(now)))


def demo_portfolio() -> Portfolio:
    """The policies shipped with the demonstration (`demo.json`)."""
    found = json.loads(resources.files("clients.policies").joinpath("demo.json").read_text("utf-8"))
    return Portfolio(notice=found["notice"], policies=found["policies"])


def next_renewal(renews: str, today: date) -> date:
    """The first day from `today` on that falls on `renews` (month and day, `MM-DD`, never 29 February)."""
    month, day = (int(part) for part in renews.split("-"))
    this_year = date(today.year, month, day)
    return this_year if this_year >= today else date(today.year + 1, month, day)


def _day(now: int) -> date:
    return datetime.fromtimestamp(now, UTC).date()


def _shown(number: str, policy: Mapping[str, Any], language: str, today: date) -> dict[str, Any]:
    renews = policy["renews"]
    return {
        "number": number,
        "product": policy["product"],
        **{name: policy[name][language] for name in ("title", "cover", "insured", "limit")},
        **{name: policy[name] for name in ("active", "collective", "premium", "agency")},
        "due_on": next_renewal(renews, today).isoformat() if renews else None,
    }


def _documents(policy: Mapping[str, Any], language: str, today: date) -> Iterator[dict[str, Any]]:
    renews = policy["renews"]
    issued = None
    if renews:
        due = next_renewal(renews, today)
        issued = due.replace(year=due.year - 1).isoformat()
    for document in policy["documents"]:
        yield {
            "id": document["id"],
            "title": document["title"][language],
            "pages": document["pages"],
            "issued_on": issued,
        }
