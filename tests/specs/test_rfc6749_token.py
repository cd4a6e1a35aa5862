"""The token endpoint (RFC 6749 §3.2, §4.1.3, §4.4, §5, §6; RFC 9700 §2.2, §4.14)."""

from typing import Any

import pytest

from tests.specs.house import CALLBACK, CLAIMS, POLICIES, VERIFIER, House, basic, without_secret

MEBIBYTE = 1024 * 1024


# --- §5 the answer -----------------------------------------------------------------------------------


def test_a_code_becomes_tokens(either_house: House) -> None:
    portal = either_house.add()
    code = either_house.code(portal.client, either_house.holder(), "openid policies")
    reply = either_house.exchange(portal, code)
    assert reply.status == 200
    names = {"access_token", "token_type", "expires_in", "scope", "id_token", "refresh_token"}
    assert reply.json.keys() == names
    assert reply.json["token_type"] == "Bearer"
    assert reply.json["expires_in"] == 300
    assert reply.json["scope"] == "openid policies"
    assert reply.header("Cache-Control") == "no-store"
    assert reply.header("Pragma") == "no-cache"
    assert reply.header("Content-Type") == "application/json"


def test_no_refresh_token_without_the_grant(house: House) -> None:
    portal = house.add(grant_types=["authorization_code"], scope="openid")
    assert "refresh_token" not in house.tokens(portal, house.holder())


def test_no_id_token_without_openid(house: House) -> None:
    portal = house.add()
    assert "id_token" not in house.tokens(portal, house.holder(), "policies")


def test_an_error_holds_only_legal_characters(house: House) -> None:
    reply = house.exchange(house.add(), 'a"code\\with è')
    assert reply.error == "invalid_grant"
    description = reply.json["error_description"]
    assert all(c in " !" or "\x23" <= c <= "\x5b" or "\x5d" <= c <= "\x7e" for c in description)


# --- §4.1.2, §4.1.3 codes ----------------------------------------------------------------------------


def test_a_code_is_redeemed_once_and_its_reuse_ends_what_it_gave(either_house: House) -> None:
    house = either_house
    portal, api = house.add(), house.add("api")
    code = house.code(portal.client, house.holder(), "openid policies")
    first = house.exchange(portal, code).json
    assert house.userinfo(first["access_token"]).status == 200
    again = house.exchange(portal, code)
    assert (again.status, again.error) == (400, "invalid_grant")
    assert house.userinfo(first["access_token"]).status == 401
    assert house.introspect(api, first["access_token"]).json == {"active": False}
    assert house.refresh(portal, first["refresh_token"]).error == "invalid_grant"


def test_reuse_thirty_seconds_later_ends_the_family_too(house: House) -> None:
    portal = house.add()
    code = house.code(portal.client, house.holder())
    first = house.exchange(portal, code).json
    house.clock.move(30)
    assert house.exchange(portal, code).error == "invalid_grant"
    assert house.userinfo(first["access_token"]).status == 401


def test_reuse_after_a_refresh_ends_the_refreshed_tokens(house: House) -> None:
    portal = house.add()
    code = house.code(portal.client, house.holder())
    refreshed = house.refresh(portal, house.exchange(portal, code).json["refresh_token"]).json
    assert house.exchange(portal, code).error == "invalid_grant"
    assert house.userinfo(refreshed["access_token"]).status == 401
    assert house.refresh(portal, refreshed["refresh_token"]).error == "invalid_grant"


@pytest.mark.parametrize(("age", "status"), [(59, 200), (60, 400), (61, 400)])
def test_a_code_lives_for_sixty_seconds(house: House, age: int, status: int) -> None:
    portal = house.add()
    code = house.code(portal.client, house.holder())
    house.clock.move(age)
    assert house.exchange(portal, code).status == status


def test_another_client_cannot_redeem_a_code_nor_spoil_it(house: House) -> None:
    portal, other = house.add(), house.add()
    code = house.code(portal.client, house.holder())
    assert house.exchange(other, code).error == "invalid_grant"
    assert house.exchange(portal, code).status == 200


def test_another_client_cannot_end_a_family_by_reuse(house: House) -> None:
    portal, other = house.add(), house.add()
    code = house.code(portal.client, house.holder())
    tokens = house.exchange(portal, code).json
    assert house.exchange(other, code).error == "invalid_grant"
    assert house.userinfo(tokens["access_token"]).status == 200


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "https://portal.insurer.example/other",
        CALLBACK + "/",
        CALLBACK + "?x=1",
        CALLBACK.replace("portal", "Portal"),
        "https://portal.insurer.example.evil.example/callback",
    ],
)
def test_another_redirect_uri_uses_the_code_up(house: House, redirect_uri: str) -> None:
    portal = house.add()
    code = house.code(portal.client, house.holder())
    assert house.exchange(portal, code, redirect_uri=redirect_uri).error == "invalid_grant"
    assert house.exchange(portal, code).error == "invalid_grant"


@pytest.mark.parametrize("name", ["redirect_uri", "code"])
def test_what_a_code_request_must_hold(house: House, name: str) -> None:
    portal = house.add()
    code = house.code(portal.client, house.holder())
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, name: None}
    reply = house.as_client(portal, "/token", {**form, "code_verifier": VERIFIER})
    assert (reply.status, reply.error) == (400, "invalid_request")
    # A slip that cannot be an attack costs nothing.
    assert house.exchange(portal, code).status == 200


@pytest.mark.parametrize(
    "mangle", [lambda c: c[:-1], lambda c: c + "A", lambda c: c + " ", lambda c: c.swapcase()]
)
def test_a_code_is_compared_whole(house: House, mangle: Any) -> None:
    portal = house.add()
    assert house.exchange(portal, mangle(house.code(portal.client, house.holder()))).error == "invalid_grant"


def test_no_code_for_an_account_that_was_locked_since(either_house: House) -> None:
    house = either_house
    portal, holder = house.add(), house.holder()
    code = house.code(portal.client, holder)
    house.set_state(holder, "locked")
    assert house.exchange(portal, code).error == "invalid_grant"
    house.set_state(holder, "active")
    assert house.exchange(portal, code).error == "invalid_grant"


@pytest.mark.parametrize("scope", ["openid", "openid offline_access"])
def test_no_code_after_signing_out(either_house: House, scope: str) -> None:
    house = either_house
    portal, holder = house.add(), house.holder()
    code = house.code(portal.client, holder, scope)
    house.sign_out(holder)
    assert house.exchange(portal, code).error == "invalid_grant"


# --- §6 refresh --------------------------------------------------------------------------------------


def test_a_refresh_token_is_rotated_at_every_use(either_house: House) -> None:
    house = either_house
    portal = house.add()
    before = house.tokens(portal, house.holder(), "openid policies")
    reply = house.refresh(portal, before["refresh_token"])
    assert reply.status == 200
    assert reply.json["refresh_token"] != before["refresh_token"]
    assert reply.json["refresh_token"].startswith("rt_")
    assert reply.json["access_token"] != before["access_token"]
    assert reply.json["scope"] == "openid policies"
    assert house.refresh(portal, reply.json["refresh_token"]).status == 200


def test_reuse_of_a_refresh_token_ends_the_family(either_house: House) -> None:
    house = either_house
    portal = house.add()
    first = house.tokens(portal, house.holder())
    second = house.refresh(portal, first["refresh_token"]).json
    assert house.refresh(portal, first["refresh_token"]).error == "invalid_grant"
    assert house.refresh(portal, second["refresh_token"]).error == "invalid_grant"
    assert house.userinfo(second["access_token"]).status == 401
    assert house.userinfo(first["access_token"]).status == 401


def test_reuse_of_a_refresh_token_leaves_a_trace(house: House) -> None:
    portal, holder = house.add(), house.holder()
    first = house.tokens(portal, holder)
    house.refresh(portal, first["refresh_token"])
    house.refresh(portal, first["refresh_token"])
    with house.idp.reading() as tx:
        rows = tx.exec_driver_sql("SELECT name, actor, client_id FROM audit_events ORDER BY id").all()
    assert [row[0] for row in rows][-3:] == ["code_exchanged", "token_refreshed", "token_reused"]
    assert rows[-1][2] == portal.client.client_id
    assert rows[-1][1] == house.idp.sealer.pseudonym(f"sub:{holder.sub}")


def test_one_family_ends_and_its_neighbour_lives(house: House) -> None:
    portal, holder = house.add(), house.holder()
    one, other = house.tokens(portal, holder), house.tokens(portal, holder)
    house.refresh(portal, one["refresh_token"])
    house.refresh(portal, one["refresh_token"])
    assert house.refresh(portal, other["refresh_token"]).status == 200


def test_a_refresh_token_is_bound_to_its_client(house: House) -> None:
    portal, other = house.add(), house.add()
    tokens = house.tokens(portal, house.holder())
    assert house.refresh(other, tokens["refresh_token"]).error == "invalid_grant"
    assert house.refresh(portal, tokens["refresh_token"]).status == 200


def test_a_narrower_scope_is_given_and_the_successor_keeps_the_whole(house: House) -> None:
    portal = house.add()
    tokens = house.tokens(portal, house.holder(), "openid profile policies")
    narrow = house.refresh(portal, tokens["refresh_token"], scope="openid").json
    assert narrow["scope"] == "openid"
    whole = house.refresh(portal, narrow["refresh_token"]).json
    assert whole["scope"] == "openid profile policies"


@pytest.mark.parametrize("scope", ["openid payout", "openid email", "claims", "openid unknown"])
def test_a_wider_scope_is_refused_and_costs_nothing(house: House, scope: str) -> None:
    portal = house.add()
    tokens = house.tokens(portal, house.holder(), "openid policies")
    reply = house.refresh(portal, tokens["refresh_token"], scope=scope)
    assert (reply.status, reply.error) == (400, "invalid_scope")
    assert house.refresh(portal, tokens["refresh_token"]).status == 200


def test_a_scope_the_client_has_lost_since_is_left_out(house: House) -> None:
    from idp.flows import clients

    portal = house.add()
    tokens = house.tokens(portal, house.holder(), "openid policies")
    clients.update(house.idp, portal.client.client_id, {"scope": "openid"}, now=house.clock.now())
    assert house.refresh(portal, tokens["refresh_token"]).json["scope"] == "openid"


def test_a_refresh_token_slides_for_thirty_days_and_never_past_ninety(house: House) -> None:
    portal, holder = house.add(), house.holder()
    token = house.tokens(portal, holder, "openid offline_access")["refresh_token"]
    day = 86400
    for _ in range(3):
        house.clock.move(29 * day)
        token = house.refresh(portal, token).json["refresh_token"]
    house.clock.move(3 * day - 1)
    token = house.refresh(portal, token).json["refresh_token"]
    house.clock.move(1)
    assert house.refresh(portal, token).error == "invalid_grant"


def test_an_unused_refresh_token_dies_after_thirty_days(house: House) -> None:
    portal, holder = house.add(), house.holder()
    token = house.tokens(portal, holder, "openid offline_access")["refresh_token"]
    house.clock.move(30 * 86400)
    assert house.refresh(portal, token).error == "invalid_grant"


def test_refresh_tokens_die_with_the_session(either_house: House) -> None:
    house = either_house
    portal, holder = house.add(), house.holder()
    tokens = house.tokens(portal, holder)
    house.sign_out(holder)
    assert house.refresh(portal, tokens["refresh_token"]).error == "invalid_grant"
    assert house.userinfo(tokens["access_token"]).status == 401


def test_an_ended_session_is_enough_whoever_ended_it(house: House) -> None:
    # A family that was born while the session ended is not among those that its end revoked.
    portal, holder = house.add(), house.holder()
    tokens, code = house.tokens(portal, holder), house.code(portal.client, holder)
    with house.idp.writing() as tx:
        tx.exec_driver_sql("UPDATE sessions SET ended_at = ?", (house.clock.now(),))
    assert house.exchange(portal, code).error == "invalid_grant"
    assert house.userinfo(tokens["access_token"]).status == 401
    assert house.refresh(portal, tokens["refresh_token"]).error == "invalid_grant"


def test_offline_access_outlives_the_session(either_house: House) -> None:
    house = either_house
    portal, holder = house.add(), house.holder()
    tokens = house.tokens(portal, holder, "openid offline_access")
    house.sign_out(holder)
    assert house.refresh(portal, tokens["refresh_token"]).status == 200


def test_refresh_tokens_die_with_an_idle_session_and_keep_one_in_use(house: House) -> None:
    portal, holder = house.add(), house.holder()
    idle, used = house.tokens(portal, holder), house.tokens(portal, holder)
    for _ in range(4):
        house.clock.move(1000)
        used = house.refresh(portal, used["refresh_token"]).json
    assert house.refresh(portal, idle["refresh_token"]).status == 200
    house.clock.move(1801)
    assert house.refresh(portal, used["refresh_token"]).error == "invalid_grant"


def test_refresh_tokens_die_with_the_sessions_last_hour(house: House) -> None:
    portal, holder = house.add(), house.holder()
    token = house.tokens(portal, holder)["refresh_token"]
    for _ in range(43):
        house.clock.move(1000)
        token = house.refresh(portal, token).json["refresh_token"]
    house.clock.move(200)
    assert house.refresh(portal, token).error == "invalid_grant"


@pytest.mark.parametrize("scope", ["openid", "openid offline_access"])
def test_refresh_tokens_die_with_the_account(house: House, scope: str) -> None:
    portal, holder = house.add(), house.holder()
    tokens = house.tokens(portal, holder, scope)
    house.set_state(holder, "locked")
    assert house.refresh(portal, tokens["refresh_token"]).error == "invalid_grant"
    house.set_state(holder, "active")
    assert house.refresh(portal, tokens["refresh_token"]).error == "invalid_grant"


@pytest.mark.parametrize(
    "mangle",
    [
        lambda t: t[:-1],
        lambda t: t + "A",
        lambda t: t.removeprefix("rt_"),
        lambda t: t + "\u00a0",
        lambda t: "rt_",
    ],
)
def test_a_refresh_token_is_compared_whole(house: House, mangle: Any) -> None:
    portal = house.add()
    tokens = house.tokens(portal, house.holder())
    assert house.refresh(portal, mangle(tokens["refresh_token"])).error == "invalid_grant"
    assert house.refresh(portal, tokens["refresh_token"]).status == 200


def test_a_token_of_one_kind_is_not_taken_for_another(house: House) -> None:
    portal = house.add()
    code = house.code(portal.client, house.holder())
    tokens = house.tokens(portal, house.holder())
    assert house.refresh(portal, code).error == "invalid_grant"
    assert house.refresh(portal, tokens["access_token"]).error == "invalid_grant"
    assert house.exchange(portal, tokens["refresh_token"]).error == "invalid_grant"
    assert house.userinfo(tokens["refresh_token"]).status == 401
    assert house.userinfo(tokens["id_token"]).status == 401


def test_codes_and_refresh_tokens_stand_in_the_database_by_digest_only(house: House) -> None:
    portal = house.add()
    code = house.code(portal.client, house.holder())
    tokens = house.exchange(portal, code).json
    file = house.idp.database.url.database
    assert file is not None
    with house.idp.writing() as tx:
        tx.exec_driver_sql("UPDATE versions SET version = version")
    with open(file, "rb") as main, open(f"{file}-wal", "rb") as log:
        written = main.read() + log.read()
    assert b"code_exchanged" in written
    secrets = (
        code,
        tokens["refresh_token"],
        tokens["refresh_token"][3:],
        portal.secret or "",
        tokens["id_token"],
    )
    assert not any(secret.encode() in written for secret in secrets)


# --- §4.4 client credentials -------------------------------------------------------------------------


def test_a_service_gets_a_token_for_itself(house: House) -> None:
    service = house.add("service", scope="policies")
    reply = house.as_client(service, "/token", {"grant_type": "client_credentials"})
    assert reply.status == 200
    assert reply.json.keys() == {"access_token", "token_type", "expires_in", "scope"}
    claims = house.read(reply.json["access_token"]).claims
    assert claims["sub"] == claims["client_id"] == service.client.client_id
    assert claims["aud"] == POLICIES
    assert not {"sid", "auth_time", "acr", "customer_number"} & claims.keys()


@pytest.mark.parametrize("scope", ["openid", "payout", "claims", "policies payout", "unknown"])
def test_a_service_gets_no_scope_it_was_not_given(house: House, scope: str) -> None:
    service = house.add("service", scope="policies")
    reply = house.as_client(service, "/token", {"grant_type": "client_credentials", "scope": scope})
    assert reply.error == "invalid_scope"


def test_resources_do_not_mix(house: House) -> None:
    service = house.add("service", scope="policies claims")
    reply = house.as_client(
        service, "/token", {"grant_type": "client_credentials", "scope": "policies claims"}
    )
    assert reply.error == "invalid_scope"
    alone = house.as_client(service, "/token", {"grant_type": "client_credentials", "scope": "claims"})
    assert house.read(alone.json["access_token"]).claims["aud"] == CLAIMS


def test_a_clients_own_token_opens_nobodys_data(house: House) -> None:
    service = house.add("service", scope="policies")
    token = house.as_client(service, "/token", {"grant_type": "client_credentials"}).json["access_token"]
    assert house.userinfo(token).status == 403


# --- §3.2, §5.2 the request --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("grant_type", "error"),
    [
        (None, "invalid_request"),
        ("password", "unsupported_grant_type"),
        ("implicit", "unsupported_grant_type"),
        ("urn:ietf:params:oauth:grant-type:device_code", "unsupported_grant_type"),
        ("client_credentials", "unauthorized_client"),
    ],
)
def test_grants_are_those_we_offer_and_the_client_registered(
    house: House, grant_type: str | None, error: str
) -> None:
    reply = house.as_client(house.add(), "/token", {"grant_type": grant_type})
    assert (reply.status, reply.error) == (400, error)


def test_a_refresh_token_needs_the_grant(house: House) -> None:
    portal = house.add(grant_types=["authorization_code"], scope="openid")
    assert house.refresh(portal, "rt_whatever").error == "unauthorized_client"


@pytest.mark.parametrize(
    "name", ["grant_type", "code", "redirect_uri", "client_id", "code_verifier", "unheard_of"]
)
def test_a_repeated_parameter_is_refused(house: House, name: str) -> None:
    app = house.add("spa")
    form = [
        ("grant_type", "authorization_code"),
        ("code", house.code(app.client, house.holder())),
        ("redirect_uri", CALLBACK),
        ("client_id", app.client.client_id),
        ("code_verifier", VERIFIER),
        ("unheard_of", "1"),
    ]
    value = dict(form)[name]
    reply = house.caller.post("/token", [*form, (name, value)])
    assert (reply.status, reply.error) == (400, "invalid_request")
    assert house.caller.post("/token", form).status == 200


def test_parameters_in_the_address_are_refused(house: House) -> None:
    app = house.add("spa")
    code = house.code(app.client, house.holder())
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
    reply = house.caller.post("/token", form, query=f"client_id={app.client.client_id}")
    assert (reply.status, reply.error) == (400, "invalid_request")


def test_an_empty_parameter_counts_as_not_sent(house: House) -> None:
    reply = house.as_client(house.add("service"), "/token", {"grant_type": ""})
    assert reply.error == "invalid_request"


@pytest.mark.parametrize(
    "content_type", [None, "application/json", "multipart/form-data; boundary=x", "text/plain"]
)
def test_only_a_form_is_read(house: House, content_type: str | None) -> None:
    reply = house.caller.call(
        "POST", "/token", body=b"grant_type=client_credentials", content_type=content_type
    )
    assert (reply.status, reply.error) == (400, "invalid_request")


def test_the_forms_content_type_may_have_parameters_and_any_case(house: House) -> None:
    service = house.add("service")
    reply = house.caller.call(
        "POST",
        "/token",
        body=b"grant_type=client_credentials",
        content_type="Application/X-WWW-Form-URLEncoded; charset=UTF-8",
        headers={"Authorization": basic(service.client.client_id, service.secret or "")},
    )
    assert reply.status == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "TRACE"])
def test_only_post_is_taken(house: House, method: str) -> None:
    reply = house.caller.call(method, "/token")
    assert reply.status == 405
    assert reply.header("Allow") == "POST, OPTIONS"


def test_a_huge_body_is_refused_unread(house: House) -> None:
    class Unread:
        def read(self, *_: Any) -> bytes:
            raise AssertionError("the body was read")

    reply = house.caller.call("POST", "/token", body=Unread(), CONTENT_LENGTH=str(MEBIBYTE))
    assert reply.status == 413


@pytest.mark.parametrize(
    "body",
    [
        b"&".join(b"p%d=1" % n for n in range(5000)),
        b"grant_type=client_credentials&scope=" + b"a" * 60_000,
        b"grant_type=client_credentials&scope=%FF%FE",
        b"grant_type=client_credentials&scope=a%00b",
        b"grant_type=client_credentials&scope=a%0d%0ab",
        b"grant_type=client_credentials&sc%00ope=a",
    ],
)
def test_unreadable_forms_are_refused(house: House, body: bytes) -> None:
    service = house.add("service")
    reply = house.caller.call(
        "POST",
        "/token",
        body=body,
        content_type="application/x-www-form-urlencoded",
        headers={"Authorization": basic(service.client.client_id, service.secret or "")},
    )
    assert (reply.status, reply.error) == (400, "invalid_request")


def test_a_body_shorter_than_announced_is_refused(house: House) -> None:
    reply = house.caller.call(
        "POST",
        "/token",
        body=b"grant_type=client_credentials",
        content_type="application/x-www-form-urlencoded",
        CONTENT_LENGTH="500",
    )
    assert (reply.status, reply.error) == (400, "invalid_request")


# --- §2.3 client authentication ----------------------------------------------------------------------


def test_basic_and_post_each_work_for_the_client_that_registered_them(house: House) -> None:
    by_basic = house.add("service")
    by_post = house.add("service", token_endpoint_auth_method="client_secret_post")
    for client in (by_basic, by_post):
        header = {"Authorization": basic(client.client.client_id, client.secret or "")}
        in_body = {"client_id": client.client.client_id, "client_secret": client.secret}
        form = {"grant_type": "client_credentials"}
        right = 200 if client is by_basic else 401
        assert house.caller.post("/token", form, headers=header).status == right
        assert house.caller.post("/token", {**form, **in_body}).status == 601 - right


def test_id_and_secret_are_form_encoded_in_basic(house: House) -> None:
    service = house.add("service", client_id="svc.one~two")
    encoded = service.client.client_id.replace("~", "%7E").replace(".", "%2e")
    form = {"grant_type": "client_credentials"}
    header = {"Authorization": basic(encoded, service.secret or "")}
    assert house.caller.post("/token", form, headers=header).status == 200


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC", "bAsIc"])
def test_the_schemes_case_does_not_matter(house: House, scheme: str) -> None:
    service = house.add("service")
    header = basic(service.client.client_id, service.secret or "").replace("Basic", scheme)
    form = {"grant_type": "client_credentials"}
    assert house.caller.post("/token", form, headers={"Authorization": header}).status == 200


def test_a_wrong_secret_and_an_unknown_client_get_one_answer(house: House) -> None:
    service = house.add("service")
    form = {"grant_type": "client_credentials"}

    def ask(client_id: str, secret: str) -> tuple[int, bytes, Any]:
        reply = house.caller.post("/token", form, headers={"Authorization": basic(client_id, secret)})
        headers = [h for h in reply.headers if h[0] != "X-Request-Id"]
        return reply.status, reply.body, headers

    wrong = ask(service.client.client_id, "wrong")
    assert wrong[0] == 401
    assert ask("nobody", "wrong") == wrong
    assert ask("nobody", service.secret or "") == wrong


def test_an_unknown_client_costs_the_same_reads_as_a_wrong_secret(house: House) -> None:
    service = house.add("service")
    form = {"grant_type": "client_credentials"}
    costs = []
    for client_id in (service.client.client_id, "nobody"):
        for _ in range(2):
            with house.counting() as counted:
                house.caller.post("/token", form, headers={"Authorization": basic(client_id, "wrong")})
            costs.append(len([s for s in counted.statements if "FROM clients" in s]))
    assert costs == [1, 0, 1, 0]


def test_a_failed_basic_is_answered_with_its_challenge(house: House) -> None:
    reply = house.caller.post(
        "/token", {"grant_type": "client_credentials"}, headers={"Authorization": basic("nobody", "x")}
    )
    assert reply.status == 401
    assert reply.error == "invalid_client"
    assert (reply.header("WWW-Authenticate") or "").startswith("Basic realm=")


@pytest.mark.parametrize(
    "mangle",
    [lambda s: s[:-1], lambda s: s[1:], lambda s: s + "A", lambda s: s + "\n", lambda s: "", lambda s: s * 2],
)
def test_a_secret_is_compared_whole(house: House, mangle: Any) -> None:
    service = house.add("service")
    header = basic(service.client.client_id, mangle(service.secret))
    reply = house.caller.post(
        "/token", {"grant_type": "client_credentials"}, headers={"Authorization": header}
    )
    assert (reply.status, reply.error) == (401, "invalid_client")


@pytest.mark.parametrize(
    "header",
    [
        *("Basic", "Basic ", "Basic =", "Basic !!!!", "Basic bm9jb2xvbg==", "Basic " + "A" * 70_000),
        *("Bearer x", "Digest x", "Basic\tYTpi", "Basic YTpi extra", "Basic OmFi", "Basic /////w=="),
    ],
)
def test_a_malformed_header_is_refused(house: House, header: str) -> None:
    reply = house.caller.post(
        "/token", {"grant_type": "client_credentials"}, headers={"Authorization": header}
    )
    assert (reply.status, reply.error) == (401, "invalid_client")


def test_two_methods_at_once_are_refused(house: House) -> None:
    service = house.add("service")
    form = {
        "grant_type": "client_credentials",
        "client_id": service.client.client_id,
        "client_secret": service.secret,
    }
    header = {"Authorization": basic(service.client.client_id, service.secret or "")}
    assert house.caller.post("/token", form, headers=header).error == "invalid_client"


def test_another_client_id_in_the_body_is_refused(house: House) -> None:
    service = house.add("service")
    header = {"Authorization": basic(service.client.client_id, service.secret or "")}
    same = {"grant_type": "client_credentials", "client_id": service.client.client_id}
    assert house.caller.post("/token", same, headers=header).status == 200
    other = {**same, "client_id": "other"}
    assert house.caller.post("/token", other, headers=header).error == "invalid_client"


def test_a_confidential_client_must_authenticate(house: House) -> None:
    portal = house.add()
    code = house.code(portal.client, house.holder())
    reply = house.exchange(without_secret(portal), code)
    assert (reply.status, reply.error) == (401, "invalid_client")
    assert house.exchange(portal, code).status == 200


def test_a_public_client_has_no_secret_to_show(house: House) -> None:
    app = house.add("spa")
    form = {"grant_type": "refresh_token", "refresh_token": "rt_x", "client_id": app.client.client_id}
    assert house.caller.post("/token", form).error == "invalid_grant"
    assert house.caller.post("/token", {**form, "client_secret": "x"}).error == "invalid_client"
    header = {"Authorization": basic(app.client.client_id, "")}
    assert house.caller.post("/token", form, headers=header).error == "invalid_client"


def test_a_disabled_client_is_refused_within_a_second(house: House) -> None:
    from idp.flows import clients
    from tests.specs.house import open_house

    service = house.add("service")
    form = {"grant_type": "client_credentials"}
    assert house.as_client(service, "/token", form).status == 200
    # Another process disables it: this one has it in memory.
    folder = house.idp.settings.keys.directory
    elsewhere = open_house(str(house.idp.settings.database.url), folder)
    clients.disable(elsewhere.idp, service.client.client_id, now=house.clock.now())
    elsewhere.idp.database.engine.dispose()
    house.clock.move(1)
    assert house.as_client(service, "/token", form).error == "invalid_client"
    clients.enable(house.idp, service.client.client_id, now=house.clock.now())
    assert house.as_client(service, "/token", form).status == 200


def test_a_disabled_clients_tokens_are_dead(house: House) -> None:
    from idp.flows import clients

    portal, api = house.add(), house.add("api")
    tokens = house.tokens(portal, house.holder(), "openid policies")
    clients.disable(house.idp, portal.client.client_id, now=house.clock.now())
    assert house.userinfo(tokens["access_token"]).status == 401
    assert house.introspect(api, tokens["access_token"]).json == {"active": False}
    assert house.refresh(portal, tokens["refresh_token"]).error == "invalid_client"


def test_a_rotated_secret_replaces_the_old_one(house: House) -> None:
    from idp.flows import clients

    service = house.add("service")
    fresh = clients.rotate_secret(house.idp, service.client.client_id, now=house.clock.now())
    assert isinstance(fresh, clients.Registered)
    form = {"grant_type": "client_credentials"}
    assert house.as_client(service, "/token", form).error == "invalid_client"
    assert house.as_client(fresh, "/token", form).status == 200


def test_a_removed_clients_tokens_are_dead_even_under_a_namesake(house: House) -> None:
    from idp.flows import clients

    portal = house.add(client_id="portal")
    tokens = house.tokens(portal, house.holder())
    clients.remove(house.idp, "portal", now=house.clock.now())
    namesake = house.add(client_id="portal")
    assert house.userinfo(tokens["access_token"]).status == 401
    assert house.refresh(namesake, tokens["refresh_token"]).error == "invalid_grant"


def test_a_shorter_absolute_life_acts_on_tokens_issued_before(house: House) -> None:
    from idp.settings.lifetimes import Lifetimes
    from tests.specs.house import open_house

    portal = house.add()
    token = house.tokens(portal, house.holder(), "openid offline_access")["refresh_token"]
    settings = house.idp.settings
    shorter = settings.model_copy(update={"lifetimes": Lifetimes(refresh_token=60, refresh_absolute=60)})
    other = open_house(settings.database.url, settings.keys.directory, settings=shorter)
    other.clock.move(60)
    assert other.refresh(portal, token).error == "invalid_grant"
    other.idp.database.engine.dispose()


def test_no_refresh_token_outlives_its_family_in_the_database(house: House) -> None:
    portal = house.add()
    token = house.tokens(portal, house.holder(), "openid offline_access")["refresh_token"]
    for _ in range(3):
        house.clock.move(29 * 86400)
        token = house.refresh(portal, token).json["refresh_token"]
    with house.idp.reading() as tx:
        last_token = tx.exec_driver_sql("SELECT max(expires_at) FROM refresh_tokens").scalar_one()
        family = tx.exec_driver_sql("SELECT expires_at FROM authorizations").scalar_one()
    assert last_token <= family
