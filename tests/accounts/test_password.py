"""What a password must be (journey A5)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.accounts.guessable import CommonWords, common_words
from idp.accounts.password import PasswordFault, Personal, faults_of, is_personal
from idp.settings.people import Password
from idp.values import TaxCode, parse_contact

RULES = Password()
MARIA = Personal(
    names=("Maria", "Rossi"),
    username=parse_contact("mrossi.80@posta.example"),
    birth_years=(1980,),
    tax_code=TaxCode.parse("RSSMRA80D52H501K"),
    house_words=("Area Clienti",),
)
NOBODY = Personal()


@pytest.mark.parametrize(
    "password", ["Kx9bluTrota", "Kx9 blu Trota", "Ægir7çest", "Sasso.Lungo7", "Пароль7йц", "Xq7!§%&/()=?^*+#"]
)
def test_a5_a_password_of_eight_to_sixteen_with_upper_lower_and_digit_will_do(password: str) -> None:
    assert faults_of(password, RULES, MARIA) == ()


@pytest.mark.parametrize(
    ("password", "faults"),
    [
        ("Kx9blut", (PasswordFault.TOO_SHORT,)),
        ("Kx9bluTrotaVerde7", (PasswordFault.TOO_LONG,)),
        ("kx9blutrota", (PasswordFault.NEEDS_UPPER,)),
        ("KX9BLUTROTA", (PasswordFault.NEEDS_LOWER,)),
        ("KxybluTrota", (PasswordFault.NEEDS_DIGIT,)),
        (
            "",
            (
                PasswordFault.TOO_SHORT,
                PasswordFault.NEEDS_UPPER,
                PasswordFault.NEEDS_LOWER,
                PasswordFault.NEEDS_DIGIT,
            ),
        ),
    ],
)
def test_a5_each_rule_has_its_fault(password: str, faults: tuple[PasswordFault, ...]) -> None:
    assert faults_of(password, RULES, NOBODY) == faults


def test_a5_length_is_counted_in_composed_characters() -> None:
    # Sixteen characters to whoever typed them, on a keyboard that composes and on one that does not.
    assert faults_of("Kx9bluTrotaVerdé", RULES, NOBODY) == ()
    assert faults_of("Kx9bluTrotaVerde\u0301", RULES, NOBODY) == ()
    assert faults_of("Kx9blu\u0301t", RULES, NOBODY) == (PasswordFault.TOO_SHORT,)


@pytest.mark.parametrize(
    "password",
    [
        "Password1",
        "P4ssw0rd!",
        "Pa$$w0rd99",
        "Juventus1897",
        "Napoli1926",
        "Ciao1234",
        "1Qwertyuiop",
        "Amore.mio7",
        "Segreta12",
        "Benvenuto2026",
        "Francesca85!",
        "Estate2026",
    ],
)
def test_a5_a_common_password_is_refused_in_any_dress(password: str) -> None:
    assert PasswordFault.COMMON in faults_of(password, RULES, NOBODY)


@pytest.mark.parametrize("password", ["Lupo7391", "Castoro.41", "TrenoBlu42", "Kx9bluTrota"])
def test_a5_an_uncommon_one_is_not_taken_for_a_common_one(password: str) -> None:
    assert faults_of(password, RULES, NOBODY) == ()


@pytest.mark.parametrize(
    "password",
    [
        "Maria7xyzq",
        "xyzqMARIA7",
        "M4ri4xyzq",
        "xRossi42zz",
        "R0ssi.xyq",
        "Mrossi80xyz",
        "Xyz1980abq",
        "RSSMRAxy7",
        "Clienti7xy",
        "AreaClienti7",
    ],
)
def test_a5_a_password_made_of_the_customers_own_data_is_refused(password: str) -> None:
    assert PasswordFault.PERSONAL in faults_of(password, RULES, MARIA)
    assert PasswordFault.PERSONAL not in faults_of(password, RULES, NOBODY)


def test_a5_the_digits_of_a_mobile_number_are_personal() -> None:
    personal = Personal(username=parse_contact("+393331234501"))
    assert is_personal("Xy234501q", personal)
    assert not is_personal("Xy999501q", personal)


@pytest.mark.parametrize(
    ("password", "personal"), [("Xy7.Ugo.qz", True), ("Luglio7xqz", False), ("Xy7ugoqz", False)]
)
def test_a5_a_name_of_three_letters_is_only_found_by_itself(password: str, personal: bool) -> None:
    assert is_personal(password, Personal(names=("Ugo",))) is personal


def test_a5_a_name_of_two_letters_is_let_pass() -> None:
    assert not is_personal("Kxli9trota", Personal(names=("Li",)))


def test_a5_the_rules_are_settings() -> None:
    long = Password(min_length=12, max_length=64, need_upper=False, need_lower=False, need_digit=False)
    assert faults_of("correct horse battery staple", long, NOBODY) == ()
    assert faults_of("kxblutrota", long, NOBODY) == (PasswordFault.TOO_SHORT,)


@given(st.text(max_size=64))
def test_whatever_is_typed_is_judged(password: str) -> None:
    faults_of(password, Password(max_length=64), MARIA)


def test_the_list_is_of_some_tens_of_thousands_and_not_of_everything() -> None:
    assert 30_000 < len(common_words()) < 100_000
    assert not any(common_words().has(f"zqxj{number}vwkz") for number in range(1000))


def test_a_damaged_list_is_refused() -> None:
    for damaged in (b"", b"\x00" * 7):
        with pytest.raises(ValueError, match="damaged"):
            CommonWords(damaged)
