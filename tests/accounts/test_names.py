"""Whether two spellings are one name (journey A3)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.accounts.names import given_names_agree, surnames_agree, words_of


@pytest.mark.parametrize(
    ("typed", "on_file"),
    [
        ("Maria", "Maria"),
        ("MARIA", "maria"),
        ("  maria ", "Maria"),
        ("Niccolo", "Niccolò"),
        ("Niccolo'", "Niccolò"),
        ("Niccolo\u0300", "Niccolò"),
        ("Maria", "Maria Grazia"),
        ("Maria Grazia", "Maria"),
        ("Mariagrazia", "Maria Grazia"),
        ("Maria Grazia", "Mariagrazia"),
        ("Gian-Luca", "Gianluca"),
        ("Jean Pierre", "Jean-Pierre"),
        ("Jörg", "Joerg"),
        ("Jorg", "Jörg"),
        ("JOERG", "Jörg"),
        ("Łucja", "Lucja"),
        ("Niccolo\u00b4", "Niccolò"),
        ("Ma\u00adria", "Maria"),
        ("Mari\u200ba", "Maria"),
        ("Олена", "ОЛЕНА"),
        ("Ελένη", "ΕΛΕΝΗ"),
        ("محمد", "محمد"),
        ("José", "Jose"),
        ("Åse", "Aase"),
        ("N'Golo", "Ngolo"),
    ],
)
def test_a3_given_names_agree(typed: str, on_file: str) -> None:
    assert given_names_agree(typed, on_file)
    assert given_names_agree(on_file, typed)


@pytest.mark.parametrize(
    ("typed", "on_file"),
    [
        ("Grazia", "Maria Grazia"),
        ("Maria", "Mario"),
        ("Mari", "Maria"),
        ("", "Maria"),
        ("Maria", ""),
        ("", ""),
        ("'-", "Maria"),
        ("Anna Maria", "Maria Anna"),
    ],
)
def test_a3_given_names_differ(typed: str, on_file: str) -> None:
    assert not given_names_agree(typed, on_file)


@pytest.mark.parametrize(
    ("typed", "on_file"),
    [
        ("Rossi", "ROSSI"),
        ("De Luca", "De Luca Conti"),
        ("Conti", "De Luca Conti"),
        ("Conti De Luca", "De Luca Conti"),
        ("Deluca", "De Luca Conti"),
        ("De Luca Conti", "Conti"),
        ("D'Alessandro", "D’Alessandro"),
        ("Dalessandro", "D'Alessandro"),
        ("D Alessandro", "D'Alessandro"),
        ("DALESSANDRO", "D' Alessandro"),
        ("D\u00b4Alessandro", "D'Alessandro"),
        ("D`Alessandro", "D'Alessandro"),
        ("Dell'Orto", "DELLORTO"),
        ("Lo Presti", "Lopresti"),
        ("Коваленко", "КОВАЛЕНКО"),
        ("Gößmann", "Goessmann"),
        ("Gossmann", "Gößmann"),
        ("Peña", "Pena"),
        ("Rossi-Bianchi", "Bianchi Verdi Rossi"),
        ("Bian\u00adchi Rossi", "Rossi Bianchi"),
        ("Müller", "Mueller"),
        ("Muller", "Müller"),
        ("Rossi-Bianchi", "Rossi Bianchi"),
        ("Bianchi", "Rossi-Bianchi"),
        ("Von der Leyen", "von der Leyen"),
        ("Gruber", "Von Gruber"),
        ("De", "De"),
        ("Groß", "GROSS"),
        ("Sørensen", "Sorensen"),
    ],
)
def test_a3_surnames_agree(typed: str, on_file: str) -> None:
    assert surnames_agree(typed, on_file)
    assert surnames_agree(on_file, typed)


@pytest.mark.parametrize(
    ("typed", "on_file"),
    [
        ("Rossi", "Russo"),
        ("Ross", "Rossi"),
        ("De", "De Luca Conti"),
        ("Von der", "Von der Leyen"),
        ("", "Rossi"),
        ("Rossi", ""),
        ("-", "Rossi"),
        ("Luca Rossi", "De Luca Conti"),
        ("uca", "De Luca"),
    ],
)
def test_a3_surnames_differ(typed: str, on_file: str) -> None:
    assert not surnames_agree(typed, on_file)


@given(st.text(max_size=300), st.text(max_size=300))
def test_whatever_is_typed_is_compared_alike_in_both_directions(one: str, other: str) -> None:
    assert given_names_agree(one, other) == given_names_agree(other, one)
    assert surnames_agree(one, other) == surnames_agree(other, one)


@given(st.text(max_size=100))
def test_a_name_with_a_letter_agrees_with_itself(name: str) -> None:
    assert given_names_agree(name, name) == bool(words_of(name))
    assert surnames_agree(name, name) == bool(words_of(name))
