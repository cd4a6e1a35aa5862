"""The messages of docs/step-up.md: recorded from a payout in the portal, with what differs each time named.

``python -m tests.journeys.step_up_messages`` writes them anew; a test fails where the page says otherwise.
"""

import base64
import html
import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent
from urllib.parse import parse_qsl, quote

import httpx

from tests.journeys.insurer_sites import Exchange, Sites, insurer_sites
from tests.service import in_process

PAGE = Path(__file__).parents[2] / "docs/step-up.md"
BEGIN, END = "<!-- recorded messages -->\n", "<!-- end of the recorded messages -->\n"
MOBILE, NUMBER = "+393331234501", "RCA-100001"
PAYOUTS = f"/policies/{NUMBER}/payouts"
TYPED = {"amount": "1.500,00", "iban": "IT60 X054 2811 1010 0000 0123 456", "beneficiary": "Maria Rossi"}
REQUEST_FIELDS = ("Host", "Authorization")
ANSWER_FIELDS = ("WWW-Authenticate", "Location")
NOW = 1_790_003_600
"""What a time is written as; the end of a token comes five minutes later."""


@dataclass(frozen=True)
class Recorded:
    """One message pair under a heading."""

    heading: str
    exchange: Exchange


@dataclass(frozen=True)
class Walk:
    """The walk's messages, the text message, and the claims of the one token."""

    first: Recorded
    pushed: Recorded
    brought: Recorded
    text: str
    came_back: Recorded
    redeemed: Recorded
    claims: Mapping[str, object]
    paid: Recorded
    again: Recorded


def walk(sites: Sites) -> Walk:
    """Maria asks for a payout in the portal, confirms it, and somebody tries the token a second time."""
    service, recorder = sites.service, sites.recorder
    service.register(service.visitor(), MOBILE)
    service.clock.move(3600)
    with httpx.Client(follow_redirects=True, trust_env=False, headers={"Accept-Language": "it"}) as browser:
        page = browser.get(f"{sites.portal}/login")
        page = _send(browser, page, username=MOBILE, password=in_process.PASSWORD)
        page = browser.get(f"{sites.portal}/policies/{NUMBER}/payout")
        page = _send(browser, page, **TYPED)
        contact = re.search(r'name="contact" value="([^"]+)"', page.text)
        assert contact is not None, page.text[:500]
        page = _send(browser, page, contact=contact[1])
        text = next(one["text"] for one in service.post() if one["purpose"] == "operation_code")
        page = _send(browser, page, code=service.code_for(MOBILE))
        assert 'data-page="portal-payout-done"' in page.text
    refused, paid = recorder.of("policies", "POST", PAYOUTS)
    httpx.post(
        f"{sites.policies}{PAYOUTS}",
        content=paid.body,
        headers={"Authorization": paid.request["Authorization"], "Content-Type": "application/json"},
        trust_env=False,
    )
    *_, again = recorder.of("policies", "POST", PAYOUTS)
    brought = next(one for one in recorder.of("idp", "GET", "/authorize") if "request_uri" in one.query)
    *_, redeemed = recorder.of("idp", "POST", "/token")
    return Walk(
        first=Recorded("The portal asks the API with the token it has", refused),
        pushed=Recorded("The portal pushes what the API misses", *recorder.of("idp", "POST", "/par")),
        brought=Recorded("The browser brings nothing but the address of the request", brought),
        text=str(text),
        came_back=Recorded(
            "The customer confirmed, and comes back", recorder.of("portal", "GET", "/callback")[-1]
        ),
        redeemed=Recorded("The portal redeems the code", redeemed),
        claims=_claims(json.loads(redeemed.content)["access_token"]),
        paid=Recorded("The portal asks the API once more, with the one token", paid),
        again=Recorded("Whoever tries that token a second time", again),
    )


def written(walked: Walk, sites: Sites) -> str:
    """The messages as Markdown; what differs in each walk is replaced by a name for it."""
    session = walked.first.exchange.request["Authorization"].removeprefix("Bearer ")
    answer = json.loads(walked.redeemed.exchange.content)
    form = dict(parse_qsl(walked.pushed.exchange.body))
    back = dict(parse_qsl(walked.came_back.exchange.query))
    sent = dict(parse_qsl(walked.redeemed.exchange.body))
    named = {
        session: "(the session's access token)",
        answer["access_token"]: "(the one-time token)",
        answer["id_token"]: "(an ID token)",
        form["id_token_hint"]: "(the session's ID token)",
        form["state"]: "(state)",
        form["nonce"]: "(nonce)",
        form["code_challenge"]: "(code challenge)",
        sent["code_verifier"]: "(code verifier)",
        back["code"]: "(code)",
        json.loads(walked.pushed.exchange.content)["request_uri"]: "(request URI)",
        json.loads(walked.paid.exchange.content)["reference"]: "LQ-7K2M-4QFX",
        sites.service.idp.issuer: "http://localhost:8000",
        sites.portal: "http://localhost:8001",
        sites.policies: "http://localhost:8003",
    }
    parts = [
        *_pair(1, walked.first),
        *_pair(2, walked.pushed),
        *_pair(3, walked.brought),
        "Page and text message show the operation whole:\n",
        indent(re.sub(r"\b[0-9]{6}\b", "123456", walked.text), "    ") + "\n",
        *_pair(4, walked.came_back),
        *_pair(5, walked.redeemed),
        "The access token says, among others:\n",
        indent(json.dumps(walked.claims, indent=2, ensure_ascii=False), "    ") + "\n",
        *_pair(6, walked.paid),
        *_pair(7, walked.again),
    ]
    return _named("\n".join(parts), named)


def page_with(messages: str, page: str) -> str:
    """The page with these messages in their place."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{messages}\n{END}{after}"


def _pair(number: int, recorded: Recorded) -> Iterator[str]:
    one = recorded.exchange
    yield f"**{number}. {recorded.heading}**\n"
    query = f"?{one.query}" if one.query else ""
    code, _, reason = one.status.partition(" ")
    asked, kind = _body(one.request.get("Content-Type"), one.body)
    told, told_kind = _body(one.answer.get("Content-Type"), one.content)
    request = [f"{one.method} {one.path}{query} HTTP/1.1", *_fields(one.request, REQUEST_FIELDS), *kind]
    answer = [f"HTTP/1.1 {code} {reason.upper() if reason.upper() == 'OK' else reason.title()}"]
    answer += [*_fields(one.answer, ANSWER_FIELDS), *told_kind]
    yield indent("\n".join([*request, *asked]), "    ") + "\n"
    yield indent("\n".join([*answer, *told]), "    ") + "\n"


def _fields(all_of_them: Mapping[str, str], shown: tuple[str, ...]) -> list[str]:
    found = {name.lower(): value for name, value in all_of_them.items()}
    lines = [f"{name}: {found[name.lower()]}" for name in shown if found.get(name.lower())]
    secret = re.compile(r"^Authorization: Basic .*")
    return [secret.sub("Authorization: Basic (client id and secret)", line) for line in lines]


def _body(kind: str | None, content: str) -> tuple[list[str], list[str]]:
    """A JSON body spread out, or a form with a parameter a line, decoded; and the field that says which."""
    if not content or kind is None:
        return [], []
    kind = kind.partition(";")[0]
    if kind == "application/json":
        shown = json.dumps(json.loads(content), indent=2, ensure_ascii=False)
    elif kind == "application/x-www-form-urlencoded":
        shown = "\n".join(f"{name}={value}" for name, value in sorted(parse_qsl(content)))
    else:
        return [], []
    return ["", shown], [f"Content-Type: {kind}"]


def _named(text: str, names: Mapping[str, str]) -> str:
    for value in sorted(names, key=len, reverse=True):
        text = text.replace(value, names[value]).replace(quote(value, safe=""), names[value])
        # An address stands in Host without its scheme.
        text = text.replace(value.removeprefix("http://"), names[value].removeprefix("http://"))
    text = re.sub(r"interaction=[\w-]+", "interaction=(interaction)", text)
    # Times run with the walk: the token's end keeps its distance from them.
    text = re.sub(r'("(?:iat|auth_time|accepted_at)": )[0-9]{10}', rf"\g<1>{NOW}", text)
    return re.sub(r'("exp": )[0-9]{10}', rf"\g<1>{NOW + 300}", text)


def _claims(token: str) -> Mapping[str, object]:
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    shown = ("aud", "client_id", "scope", "customer_number", "acr", "amr", "auth_time", "iat", "exp")
    return {name: claims[name] for name in (*shown, "authorization_details")}


def _send(browser: httpx.Client, page: httpx.Response, **fields: str) -> httpx.Response:
    """Send the form of a page, of the portal's or of the service's, as a browser does."""
    hidden = re.search(r'name="(csrf|form_token)" value="([^"]*)"', page.text)
    assert hidden is not None, page.text[:500]
    origin = f"{page.url.scheme}://{page.url.netloc.decode()}"
    sent = {hidden[1]: html.unescape(hidden[2]), **fields}
    return browser.post(page.url, data=sent, headers={"Origin": origin})


def _main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepared = folder / "prepared"
        prepared.mkdir()
        in_process.prepare(in_process.settings_for(prepared, f"sqlite:///{prepared / 'idp.sqlite3'}"))
        (folder / "run").mkdir()
        with insurer_sites(prepared, folder / "run") as sites:
            messages = written(walk(sites), sites)
    PAGE.write_text(page_with(messages, PAGE.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    _main()
