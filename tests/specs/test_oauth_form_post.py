"""OAuth 2.0 Form Post Response Mode (§2), and what may not happen on that page (security bar A8, A9)."""

import pytest

from tests.service.in_process import CALLBACK, ISSUER, InProcess
from tests.service.relying_party import RelyingParty, portal, read_form, registered
from tests.service.visitor import Visitor


@pytest.fixture(scope="module")
def party(standing_service: InProcess) -> RelyingParty:
    """The portal."""
    return portal(standing_service)


@pytest.fixture(scope="module")
def maria(standing_service: InProcess) -> Visitor:
    """A browser in which Maria is signed in."""
    return registered(standing_service)


@pytest.fixture(scope="module")
def nobody(standing_service: InProcess) -> Visitor:
    """A browser in which nobody is signed in."""
    return standing_service.visitor()


def test_the_answer_is_a_form_for_the_redirect_uri(party: RelyingParty, maria: Visitor) -> None:
    party.ask(maria, response_mode="form_post")
    assert maria.last.status_code == 200
    assert maria.page == "form-post"
    assert "Location" not in maria.last.headers
    form = read_form(maria.last.text, "form-post")
    assert (form.method, form.action) == ("post", CALLBACK)
    assert form.fields.keys() == {"code", "state", "iss"}
    assert (form.fields["state"], form.fields["iss"]) == ("af0ifjsldkj", ISSUER)
    assert party.redeem(form.fields["code"]).status_code == 200


def test_it_works_by_a_button_where_no_script_runs(party: RelyingParty, maria: Visitor) -> None:
    party.ask(maria, response_mode="form_post")
    assert 'id="continue"' in maria.last.text


def test_errors_come_the_same_way(party: RelyingParty, nobody: Visitor) -> None:
    for changed, error in (
        ({"prompt": "none"}, "login_required"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "nothing"}, "invalid_scope"),
    ):
        party.ask(nobody, response_mode="form_post", **changed)
        fields = read_form(nobody.last.text, "form-post").fields
        assert fields["error"] == error
        assert "code" not in fields


def test_declining_comes_the_same_way(party: RelyingParty, nobody: Visitor) -> None:
    party.ask(nobody, response_mode="form_post")
    nobody.press(cancel="yes")
    assert read_form(nobody.last.text, "form-post").fields["error"] == "access_denied"


@pytest.mark.parametrize(
    "state",
    [
        '"><script>alert(1)</script>',
        "' onfocus=alert(1) autofocus='",
        "</form><form action=https://evil.example>",
        "&quot;&lt;&#34;&amp;",
        "{{ 7*7 }}${7*7}<%= 7*7 %>",
        "javascript:alert(1)",
        "<!--",
        "]]>",
        "\u00a0\u3000\u202e\ufeff",
        "&#10;%0d%0a",
        "a" * 2048,
    ],
)
def test_a8_the_state_is_data_byte_for_byte(party: RelyingParty, maria: Visitor, state: str) -> None:
    party.ask(maria, response_mode="form_post", state=state)
    form = read_form(maria.last.text, "form-post")
    assert form.fields["state"] == state
    assert form.action == CALLBACK
    assert all((script["src"] or "").startswith("/static/") for script in form.scripts)
    assert not [name for name in form.attributes if ".on" in name]
    assert "alert(1)</script>" not in maria.last.text


def test_a8_no_inline_script_and_a_form_that_leads_to_the_client_only(
    party: RelyingParty, maria: Visitor
) -> None:
    party.ask(maria, response_mode="form_post")
    policy = maria.last.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "form-action 'self' http://localhost:8001;" in policy
    form = read_form(maria.last.text, "form-post")
    assert all(script.get("src") for script in form.scripts)
    assert not [name for name in form.attributes if ".on" in name]
    assert maria.last.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "mode", ["fragment", "web_message", "jwt", "query.jwt", "form_post.jwt", "FORM_POST"]
)
def test_a8_other_modes_are_refused_by_query(party: RelyingParty, maria: Visitor, mode: str) -> None:
    party.ask(maria, response_mode=mode)
    assert maria.last.status_code == 303
    assert "#" not in maria.location
    assert "error=invalid_request" in maria.location
    assert "code=" not in maria.location


def test_oidcc_formpost_prompt_none_and_post_request(
    party: RelyingParty, maria: Visitor, nobody: Visitor
) -> None:
    nobody.fetch("POST", "/authorize", data=party.request(response_mode="form_post", prompt="none"))
    maria.get(nobody.location)
    assert "code" in read_form(maria.last.text, "form-post").fields
