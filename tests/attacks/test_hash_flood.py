"""Somebody makes us hash passwords for nothing: one form, sent again and again, must not hold the hashers."""

from collections import Counter

from tests.service.in_process import PASSWORD, InProcess
from tests.service.visitor import Visitor


def _at_the_password(service: InProcess) -> Visitor:
    visitor = service.visitor()
    visitor.get("/register")
    visitor.press(profile="person")
    visitor.press(given_name="Eusebia", family_name="Loi", username="loi@posta.example", accept_terms="yes")
    assert visitor.page == "register-password"
    return visitor


def test_one_registration_hashes_only_so_many_passwords(service: InProcess) -> None:
    visitor = _at_the_password(service)
    csrf = visitor.csrf
    before = service.idp.hasher.hashes
    statuses = Counter(
        visitor.send("/register/password", {"csrf": csrf, "new_password": PASSWORD}).status_code
        for _ in range(30)
    )
    most = service.idp.settings.limits.passwords_per_registration
    assert statuses == {303: most.count, 429: 30 - most.count}
    assert service.idp.hasher.hashes - before == most.count
    assert 0 < int(visitor.last.headers["Retry-After"]) <= most.window


def test_a_password_that_breaks_a_rule_costs_nothing(service: InProcess) -> None:
    visitor = _at_the_password(service)
    before = service.idp.hasher.hashes
    for _ in range(30):
        visitor.press(new_password="tooweak1")
        assert (visitor.page, visitor.faults) == ("register-password", ["new_password"])
    assert service.idp.hasher.hashes == before
    visitor.press(new_password=PASSWORD)
    assert visitor.page == "register-verify"


def test_typing_the_data_anew_opens_no_further_hashes(service: InProcess) -> None:
    visitor = _at_the_password(service)
    before = service.idp.hasher.hashes
    for number in range(20):
        visitor.get("/register/data")
        visitor.press(
            given_name="Eusebia", family_name="Loi", username=f"loi{number}@posta.example", accept_terms="yes"
        )
        visitor.send("/register/password", {"csrf": visitor.csrf, "new_password": PASSWORD})
    assert service.idp.hasher.hashes - before <= service.idp.settings.limits.passwords_per_registration.count
