"""The portal's view of the policies API, read with the customer's access token."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote

import httpx

from clients.outbound import AnswerUnusable, read_object
from clients.portal.challenges import StepUp, step_up_in
from clients.portal.payout_form import Order


class PoliciesUnavailable(Exception):
    """The API cannot be reached or answers nothing we can show."""


class TokenNotAccepted(Exception):
    """The API does not take the access token (any more)."""


@dataclass(frozen=True)
class Premium:
    """What a policy costs, and how often."""

    amount: Decimal
    currency: str
    every: str


@dataclass(frozen=True)
class Agency:
    """The agency that looks after a policy."""

    name: str
    phone: str
    email: str


@dataclass(frozen=True)
class Payout:
    """A payout that was accepted, at `accepted_at` (epoch seconds)."""

    reference: str
    amount: Decimal
    currency: str
    iban_ends_in: str
    beneficiary: str
    accepted_at: int


@dataclass(frozen=True)
class Accepted:
    """The API took the order, under this reference."""

    reference: str


@dataclass(frozen=True)
class Rejected:
    """The API does not take the order: `error` says why, `fields` those of its fields at fault."""

    error: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class Policy:
    """One policy as the customer sees it."""

    number: str
    product: str
    title: str
    cover: str
    insured: str
    limit: str
    active: bool
    collective: bool
    premium: Premium | None
    due_on: date | None
    agency: Agency | None
    payouts: tuple[Payout, ...]
    """Newest first."""


@dataclass(frozen=True)
class Document:
    """One document of a policy."""

    id: str
    title: str
    pages: int
    issued_on: date | None


@dataclass(frozen=True)
class Holdings:
    """A customer's number and policies, with the notice that they are demonstration data."""

    customer_number: str
    policies: tuple[Policy, ...]
    notice: str | None


@dataclass(frozen=True)
class PoliciesReader:
    """Reads from the policies API at `url`."""

    http: httpx.Client
    url: str

    def holdings(self, access_token: str, language: str) -> Holdings:
        """The customer's policies; raises TokenNotAccepted, PoliciesUnavailable."""
        found = self._read("/policies", access_token, language)
        try:
            return Holdings(
                customer_number=str(found["customer_number"]),
                policies=tuple(_policy(entry) for entry in found["policies"]),
                notice=found.get("notice"),
            )
        except (KeyError, TypeError, ValueError, InvalidOperation) as fault:
            raise PoliciesUnavailable("the policies are not as agreed") from fault

    def documents(self, access_token: str, number: str, language: str) -> tuple[Document, ...]:
        """The documents of one policy; raises TokenNotAccepted, PoliciesUnavailable."""
        found = self._read(f"/policies/{quote(number, safe='')}/documents", access_token, language)
        try:
            return tuple(
                Document(
                    id=str(entry["id"]),
                    title=str(entry["title"]),
                    pages=int(entry["pages"]),
                    issued_on=_date(entry["issued_on"]),
                )
                for entry in found["documents"]
            )
        except (KeyError, TypeError, ValueError) as fault:
            raise PoliciesUnavailable("the documents are not as agreed") from fault

    def pay(self, access_token: str, order: Order) -> Accepted | Rejected | StepUp:
        """Ask for a payout: taken, not taken, or what the customer has to confirm first.

        Raises TokenNotAccepted when the token is at fault, PoliciesUnavailable when nobody knows what became
        of it.
        """
        address = f"{self.url}/policies/{quote(order.policy_number, safe='')}/payouts"
        headers = {"Authorization": f"Bearer {access_token}"}
        try:
            with self.http.stream("POST", address, headers=headers, json=order.body) as answer:
                if answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
                    step_up = step_up_in(answer.headers.get("www-authenticate", ""))
                    if step_up is None:
                        raise TokenNotAccepted
                    return step_up
                body = read_object(answer)
                if answer.status_code == httpx.codes.CREATED:
                    return Accepted(str(body["reference"]))
                if answer.is_client_error:
                    return Rejected(str(body["error"]), tuple(map(str, body.get("fields", ()))))
                raise PoliciesUnavailable(f"the API answered {answer.status_code}")
        except (httpx.HTTPError, AnswerUnusable, KeyError, TypeError) as fault:
            raise PoliciesUnavailable(type(fault).__name__) from fault

    def _read(self, path: str, access_token: str, language: str) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {access_token}", "Accept-Language": language}
        try:
            with self.http.stream("GET", self.url + path, headers=headers) as answer:
                if answer.status_code == httpx.codes.UNAUTHORIZED:
                    raise TokenNotAccepted
                if answer.status_code != httpx.codes.OK:
                    raise PoliciesUnavailable(f"the API answered {answer.status_code}")
                return read_object(answer)
        except (httpx.HTTPError, AnswerUnusable) as fault:
            raise PoliciesUnavailable(type(fault).__name__) from fault


def _policy(entry: Mapping[str, Any]) -> Policy:
    cost, agency = entry["premium"], entry["agency"]
    return Policy(
        number=str(entry["number"]),
        product=str(entry["product"]),
        title=str(entry["title"]),
        cover=str(entry["cover"]),
        insured=str(entry["insured"]),
        limit=str(entry["limit"]),
        active=entry["active"] is True,
        collective=entry["collective"] is True,
        premium=cost and Premium(Decimal(cost["amount"]), str(cost["currency"]), str(cost["every"])),
        due_on=_date(entry["due_on"]),
        agency=agency and Agency(str(agency["name"]), str(agency["phone"]), str(agency["email"])),
        payouts=tuple(_payout(each) for each in entry.get("payouts", ())),
    )


def _payout(entry: Mapping[str, Any]) -> Payout:
    return Payout(
        reference=str(entry["reference"]),
        amount=Decimal(entry["amount"]["value"]),
        currency=str(entry["amount"]["currency"]),
        iban_ends_in=str(entry["iban_ends_in"]),
        beneficiary=str(entry["beneficiary"]),
        accepted_at=int(entry["accepted_at"]),
    )


def _date(value: Any) -> date | None:
    return None if value is None else date.fromisoformat(value)
