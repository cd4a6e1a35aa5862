"""Authenticator apps: the specification's own codes, what does around now, and what a QR code holds."""

from base64 import b32encode
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.accounts import totp
from idp.accounts.totp import Differs, Matches, Used

SECRET = b32encode(b"12345678901234567890").decode()
NOW = 1_111_111_111


@pytest.mark.parametrize(
    ("at", "code"),
    # RFC 6238, Appendix B (SHA-1), the last six of its eight digits.
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_the_codes_are_those_of_the_specification(at: int, code: str) -> None:
    assert totp.code_at(SECRET, totp.counter_at(at)) == code
    assert totp.judge(SECRET, code, last_counter=-1, now=at) == Matches(totp.counter_at(at))


@pytest.mark.parametrize(("steps", "does"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_one_step_before_and_one_after_do_and_no_other(steps: int, does: bool) -> None:
    counter = totp.counter_at(NOW) + steps
    verdict = totp.judge(SECRET, totp.code_at(SECRET, counter), last_counter=-1, now=NOW)
    assert verdict == (Matches(counter) if does else Differs())


def test_a_step_is_used_once_and_with_it_all_before_it() -> None:
    now = totp.counter_at(NOW)
    codes = {step: totp.code_at(SECRET, now + step) for step in (-1, 0, 1)}
    assert totp.judge(SECRET, codes[0], last_counter=now, now=NOW) == Used()
    assert totp.judge(SECRET, codes[-1], last_counter=now, now=NOW) == Used()
    assert totp.judge(SECRET, codes[1], last_counter=now, now=NOW) == Matches(now + 1)


def test_the_code_of_another_secret_does_not_do() -> None:
    other = totp.secret_of(bytes(20))
    code = totp.code_at(other, totp.counter_at(NOW))
    assert totp.judge(SECRET, code, last_counter=-1, now=NOW) == Differs()


def test_every_step_is_compared_whatever_comes_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    real = totp.code_at

    def noted(secret: str, counter: int) -> str:
        made.append(counter)
        return real(secret, counter)

    monkeypatch.setattr(totp, "code_at", noted)
    first = real(SECRET, totp.counter_at(NOW) - 1)
    totp.judge(SECRET, first, last_counter=-1, now=NOW)
    matched = made.copy()
    made.clear()
    totp.judge(SECRET, "000000", last_counter=-1, now=NOW)
    assert len(matched) == 3
    assert matched == made


@given(st.binary(min_size=20, max_size=20))
def test_a_secret_has_160_bits_and_its_groups_are_it(octets: bytes) -> None:
    secret = totp.secret_of(octets)
    assert len(secret) == 32
    assert set(map(len, totp.grouped(secret).split())) == {4}
    assert totp.grouped(secret).replace(" ", "") == secret


def test_a_secret_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="twenty"):
        totp.secret_of(bytes(16))


def test_the_address_names_issuer_account_and_secret_and_nothing_that_apps_leave_out() -> None:
    address = urlsplit(totp.uri(SECRET, issuer="Area: Clienti", account="maria.rossi@posta.example"))
    assert (address.scheme, address.netloc) == ("otpauth", "totp")
    assert unquote(address.path) == "/Area  Clienti:maria.rossi@posta.example"
    assert parse_qs(address.query) == {"secret": [SECRET], "issuer": ["Area  Clienti"]}
