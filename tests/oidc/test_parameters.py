"""Parameters are read strictly, once for every endpoint (RFC 6749 §3.1, Appendix B)."""

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.oidc.parameters import MOST_PARAMETERS, BadParameters, parse

LIMIT = 4096


def refusal(raw: bytes | str, limit: int = LIMIT) -> BadParameters:
    with pytest.raises(BadParameters) as caught:
        parse(raw, limit=limit)
    assert caught.value.error == "invalid_request"
    return caught.value


@pytest.mark.parametrize(
    ("raw", "items"),
    [
        ("", {}),
        ("&&", {}),
        ("a=1", {"a": "1"}),
        ("a=1&b=2", {"a": "1", "b": "2"}),
        ("a=1=2", {"a": "1=2"}),
        ("a=x+y%20z%2B", {"a": "x y z+"}),
        ("st%61te=%C3%A8", {"state": "è"}),
        ("a=%26%3D", {"a": "&="}),
        ("a=100%", {"a": "100%"}),
        ("a;b=1", {"a;b": "1"}),
    ],
)
def test_pairs_are_decoded_as_forms_are(raw: str, items: dict[str, str]) -> None:
    assert dict(parse(raw, limit=LIMIT).items) == items
    assert dict(parse(raw.encode(), limit=LIMIT).items) == items


def test_an_empty_value_counts_as_not_sent() -> None:
    found = parse("prompt=&state=x&scope", limit=LIMIT)
    assert found.get("prompt") is None
    assert "scope" not in found
    assert "state" in found


@pytest.mark.parametrize("raw", ["a=1&a=1", "a=1&a=2", "a=&a=1", "a&a", "a=1&%61=2", "x=&x="])
def test_a_repeated_name_is_refused_even_where_a_copy_is_empty(raw: str) -> None:
    refusal(raw)


def test_the_name_at_fault_is_told_only_if_it_looks_like_one() -> None:
    assert refusal("state=1&state=2").name == "state"
    assert refusal("%3Cscript%3E=1&%3Cscript%3E=2").name is None
    assert refusal("redirect_uri=%ff").name == "redirect_uri"


@pytest.mark.parametrize(
    "escaped", ["%00", "%0A", "%0D", "%0d%0a", "%1B", "%7F", "%C2%85", "%E2%80%A8", "%E2%80%A9", "%09"]
)
@pytest.mark.parametrize("where", ["state=a{}b", "sta{}te=a"])
def test_control_characters_and_line_ends_are_refused(where: str, escaped: str) -> None:
    refusal(where.format(escaped))


@pytest.mark.parametrize("raw", ["a=%ff", "a=%c0%80", "a=%ed%a0%80", "%ff=a", b"a=\xff"])
def test_what_is_not_utf8_is_refused(raw: bytes | str) -> None:
    refusal(raw)


def test_a_query_beyond_latin_1_is_refused() -> None:
    # WSGI gives one character a byte (PEP 3333); anything else did not come from a server.
    refusal("a=\u20ac")


def test_raw_utf8_in_a_query_is_read_as_utf8() -> None:
    assert parse("a=è".encode().decode("latin-1"), limit=LIMIT).get("a") == "è"


@pytest.mark.parametrize(("length", "good"), [(4096, True), (4097, False), (100_000, False)])
def test_a_value_is_as_long_as_the_limit_at_most(length: int, good: bool) -> None:
    raw = "scope=" + "a" * length
    if good:
        assert parse(raw, limit=LIMIT).get("scope") == "a" * length
    else:
        assert refusal(raw).name == "scope"


def test_the_limit_is_of_decoded_bytes() -> None:
    assert parse("a=" + "%41" * 10, limit=10).get("a") == "A" * 10
    refusal("a=" + "%C3%A8" * 6, limit=10)


def test_a_long_name_is_refused() -> None:
    refusal("a" * 129 + "=1")


def test_there_are_only_so_many() -> None:
    most = "&".join(f"p{n}=1" for n in range(MOST_PARAMETERS))
    assert len(parse(most, limit=LIMIT).items) == MOST_PARAMETERS
    refusal(f"{most}&one=more")


def test_parameters_cannot_be_changed() -> None:
    items = parse("a=1", limit=LIMIT).items
    with pytest.raises(TypeError):
        items["a"] = "2"  # type: ignore[index]  # on purpose


_TEXT = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=40)


@given(st.dictionaries(_TEXT, _TEXT, max_size=10))
def test_whatever_a_form_can_say_comes_back(items: dict[str, str]) -> None:
    assert dict(parse(urlencode(items), limit=LIMIT).items) == items


@given(st.binary(max_size=200))
def test_no_bytes_break_it(raw: bytes) -> None:
    try:
        found = parse(raw, limit=LIMIT)
    except BadParameters:
        return
    assert all(found.items.values())
