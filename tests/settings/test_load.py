"""Where settings come from, and what is refused: all faults at once, with key and origin, without secrets."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from idp.settings import DEMO_CONFIG, Rate, Settings, SettingsFaults, Spoken, configuration_file, load, read
from idp.settings.lines import key_lines

DEVELOPMENT = {"IDP__SERVICE__DEVELOPMENT": "true"}
RATE_WANTED = 'a count and a window in seconds are wanted, as in "10/900"'


def written(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refused(path: Path | None, environ: dict[str, str]) -> dict[str, str]:
    """Message and origin of each fault, by key."""
    with pytest.raises(SettingsFaults) as caught:
        load(path, environ)
    return {fault.path: f"{fault.message} [{fault.origin}]" for fault in caught.value.faults}


def test_one_word_makes_a_development_service() -> None:
    settings = load(None, DEVELOPMENT)
    assert settings == Settings.model_validate({"service": {"development": True}})


def test_the_environment_wins_over_the_file_and_the_file_over_defaults(tmp_path: Path) -> None:
    path = written(tmp_path, "[service]\ndevelopment = true\nport = 8100\nthreads = 4\n")
    loaded = read(path, {"IDP__SERVICE__PORT": "8200"})
    service = loaded.settings.service
    assert (service.port, service.threads, service.processes) == (8200, 4, 1)
    assert loaded.origin("service.port") == "environment IDP__SERVICE__PORT"
    assert loaded.origin("service.threads") == f"{path}, line 4"
    assert loaded.origin("service.processes") == "default"


@pytest.mark.parametrize(
    ("variable", "text", "path", "wanted"),
    [
        ("IDP__SERVICE__THREADS", " 8 ", ("service", "threads"), 8),
        ("IDP__PASSWORD__NEED_DIGIT", "False", ("password", "need_digit"), False),
        ("IDP__LANGUAGES__OFFERED", "it, en", ("languages", "offered"), ("it", "en")),
        ("IDP__LANGUAGES__OFFERED", '["it"]', ("languages", "offered"), ("it",)),
        ("IDP__LIMITS__SENDS_PER_CONTACT", "5/60", ("limits", "sends_per_contact"), Rate(5, 60)),
        ("IDP__KEYS__DIRECTORY", "/srv/keys", ("keys", "directory"), Path("/srv/keys")),
        ("IDP__BRAND__LOGO", "", ("brand", "logo"), None),
        ("IDP__BRAND__HELP_HOURS", "9-18", ("brand", "help_hours"), Spoken("9-18")),
        ("IDP__BRAND__HELP_HOURS", "", ("brand", "help_hours"), Spoken()),
        (
            "IDP__BRAND__HELP_HOURS",
            '{"it": "9-18", "en": "9 am-6 pm", "de": "9-18 Uhr"}',
            ("brand", "help_hours"),
            Spoken(by_language=(("it", "9-18"), ("en", "9 am-6 pm"), ("de", "9-18 Uhr"))),
        ),
        ("IDP__SMTP__PASSWORD", "", ("smtp", "password"), None),
        ("IDP__BRAND__COLOUR_ACCENT", "#AABBCC", ("brand", "colour_accent"), "#aabbcc"),
        ("IDP__DATABASE__URL", "postgresql://h/x", ("database", "url"), "postgresql+psycopg://h/x"),
    ],
)
def test_a_variable_becomes_the_kind_of_its_key(
    variable: str, text: str, path: tuple[str, str], wanted: object
) -> None:
    settings = load(None, {**DEVELOPMENT, variable: text})
    assert getattr(getattr(settings, path[0]), path[1]) == wanted


def test_resources_come_from_tables_or_from_one_json_object(tmp_path: Path) -> None:
    path = written(
        tmp_path, '[resources.policies]\naudience = "http://localhost:8003"\nscopes = ["policies"]\n'
    )
    from_file = load(path, DEVELOPMENT)
    text = '{"policies": {"audience": "http://localhost:8003", "scopes": ["policies"]}}'
    from_environment = load(None, {**DEVELOPMENT, "IDP__RESOURCES": text})
    assert from_file == from_environment
    assert from_file.resources["policies"].scopes == ("policies",)


def test_every_fault_is_told_at_once_with_its_key_and_origin(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
[service]
issuer = "http://example.com"
port = "8000"
[servce]
port = 1
[brand]
portal_links = { Portale = "javascript:alert(1)" }
[limits]
sends_per_contact = 3
[resources.policies]
scopes = ["policies"]
""",
    )
    faults = refused(path, {"IDP__PASSWORD__MIN_LENGTH": "20", "IDP__CODES__TRIES": "some"})
    assert faults == {
        "service.issuer": f"http is allowed for localhost only; use https [{path}, line 3]",
        "service.port": f"a whole number is wanted, not '8000' [{path}, line 4]",
        "servce": f"unknown key (did you mean service?) [{path}, line 5]",
        "brand.portal_links": f"an http or https address is wanted [{path}, line 8]",
        "limits.sends_per_contact": f"{RATE_WANTED} [{path}, line 10]",
        "resources.policies.audience": f"a value is wanted [{path}, line 11]",
        "codes.tries": "a whole number is wanted [environment IDP__CODES__TRIES]",
        "password.min_length": "may not exceed password.max_length (16) "
        "[environment IDP__PASSWORD__MIN_LENGTH]",
        "delivery.email": "inbox is for development only (service.development = true) [default]",
        "delivery.sms": "inbox is for development only (service.development = true) [default]",
    }


@pytest.mark.parametrize(
    ("variable", "near"),
    [
        ("IDP__SERVICE__PRT", "IDP__SERVICE__PORT"),
        ("IDP__SERVICE_PORT", "IDP__SERVICE__PORT"),
        ("IDP_SERVICE__PORT", "IDP__SERVICE__PORT"),
        ("IDP__service__port", None),
        ("IDP__XYZ", None),
        ("IDP__SERVICE__PORT_FILE", "IDP__SERVICE__PORT"),
    ],
)
def test_a_mistyped_variable_is_a_fault(variable: str, near: str | None) -> None:
    fault = refused(None, {**DEVELOPMENT, variable: "1"})[""]
    assert fault.startswith("unknown variable")
    assert fault.endswith(f"[environment {variable}]")
    assert near is None or f"(did you mean {near}?)" in fault


def test_variables_of_others_are_left_alone() -> None:
    load(
        None,
        {**DEVELOPMENT, "IDP_DEMO_PORT": "9000", "IDP_SERVICE_HOST": "10.0.0.1", "PATH": "/bin", "X__Y": "z"},
    )


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("service", "port", "true"),
        ("service", "port", "0"),
        ("service", "port", "8000.0"),
        ("service", "port", "65536"),
        ("service", "development", "1"),
        ("service", "development", '"yes"'),
        ("service", "server", '"uwsgi"'),
        ("service", "host", '"127.0.0.1"'),
        ("service", "host", "[]"),
        ("service", "host", '["example.com"]'),
        ("service", "trusted_proxies", "-1"),
        ("service", "metrics_token", '"short"'),
        ("service", "extra_ca_file", "7"),
        ("database", "url", '"mysql://localhost/idp"'),
        ("database", "statement_timeout_ms", "0"),
        ("ephemera", "url", '"memcached://localhost"'),
        ("keys", "jwks_cache_seconds", "1979-05-27"),
        ("brand", "name", '""'),
        ("brand", "colour_brand", '"teal"'),
        ("brand", "privacy_url", '"privacy.html"'),
        ("brand", "portal_links", '{ "Portale" = "" }'),
        ("brand", "help_hours", "9"),
        ("brand", "help_hours", "{}"),
        ("brand", "help_hours", '{ it = "" }'),
        ("languages", "default", '"xx"'),
        ("languages", "offered", '["it", "fr"]'),
        ("lifetimes", "authorization_code", "601"),
        ("lifetimes", "access_token", "0"),
        ("registration", "mobile_countries", '["Italia"]'),
        ("registration", "mismatch", '"verbose"'),
        ("password", "min_length", "7"),
        ("codes", "digits", "4"),
        ("limits", "login_failures_per_account", '"0/900"'),
        ("limits", "login_failures_per_account", '"10/15m"'),
        ("delivery", "sender_email", '"Area <a@example.com>"'),
        ("delivery", "sender_name", '"Area\\nBcc: x@example.com"'),
        ("delivery", "sms_sender", '"ALonger Alias"'),
        ("sms", "secret", '"fifteen letters"'),
        ("sms", "url", '"ftp://gateway.example.com"'),
        ("logout", "backchannel_attempts", "0"),
    ],
)
def test_a_value_outside_its_kind_or_range_is_refused(
    tmp_path: Path, section: str, key: str, value: str
) -> None:
    path = written(tmp_path, f"[{section}]\n{key} = {value}\n")
    # the environment would win over the very key that is tried here
    environ = {} if key == "development" else DEVELOPMENT
    assert {found.partition("[")[0] for found in refused(path, environ)} == {f"{section}.{key}"}


@pytest.mark.parametrize(
    ("issuer", "right"),
    [
        ("https://login.example.com", True),
        ("https://login.example.com:8443", True),
        ("http://localhost:8000", True),
        ("http://localhost", True),
        ("https://[2001:db8::1]", True),
        ("http://127.0.0.1:8000", False),
        ("http://login.example.com", False),
        ("http://localhost.example.com", False),
        ("https://login.example.com/", False),
        ("https://login.example.com/idp", False),
        ("https://login.example.com:443", False),
        ("https://Login.example.com", False),
        ("https://user@login.example.com", False),
        ("https://login.example.com?x", False),
        ("https://login.example.com#x", False),
        ("https://login.example.com:99999", False),
        ("https://login.example.com:0", False),
        ("https://login example.com", False),
        ("https://", False),
        ("login.example.com", False),
        ("", False),
    ],
)
def test_the_issuer_has_one_spelling(issuer: str, right: bool) -> None:
    environ = {
        "IDP__SERVICE__ISSUER": issuer,
        "IDP__DELIVERY__EMAIL": "smtp",
        "IDP__DELIVERY__SENDER_EMAIL": "a@example.com",
        "IDP__SMTP__HOST": "mail.example.com",
        "IDP__DELIVERY__SMS": "webhook",
        "IDP__SMS__URL": "https://sms.example.com",
        "IDP__SMS__SECRET": "sixteen letters.",
    }
    if right:
        assert load(None, environ).service.issuer == issuer
    else:
        assert set(refused(None, environ)) == {"service.issuer"}


def test_a_file_that_cannot_be_read_is_the_only_fault_told(tmp_path: Path) -> None:
    assert refused(tmp_path / "none.toml", {}) == {
        "": f"the file cannot be read: No such file or directory [{tmp_path / 'none.toml'}]"
    }
    path = written(tmp_path, "[service\n")
    assert refused(path, {})[""].startswith("the file is not TOML: ")
    path.write_bytes(b"\xff\xfe")
    assert refused(path, {}) == {"": f"the file is not UTF-8 text [{path}]"}


def test_a_section_that_is_no_table_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "smtp = 3\nresources = []\n")
    faults = refused(path, {**DEVELOPMENT, "IDP__SMTP__HOST": "mail.example.com"})
    assert set(faults) == {"smtp", "resources"}


# --- secrets ---------------------------------------------------------------------------------------


def test_a_secret_is_read_from_the_file_that_toml_names(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("corretto cavallo\r\n", encoding="utf-8")
    path = written(tmp_path, f'[smtp]\nusername = "u"\npassword_file = "{secret}"\n')
    loaded = read(path, DEVELOPMENT)
    assert loaded.settings.smtp.password is not None
    assert loaded.settings.smtp.password.get_secret_value() == "corretto cavallo"
    assert loaded.origin("smtp.password") == f"file {secret}, named by {path}, line 3"


def test_a_secret_is_read_from_the_file_that_the_environment_names(tmp_path: Path) -> None:
    url = tmp_path / "url"
    url.write_text("postgresql://idp:parola@db/idp\n", encoding="utf-8")
    path = written(tmp_path, '[database]\nurl = "sqlite:///var/idp.db"\n')
    settings = load(path, {**DEVELOPMENT, "IDP__DATABASE__URL_FILE": str(url)})
    assert settings.database.url == "postgresql+psycopg://idp:parola@db/idp"


def test_an_environment_secret_wins_over_the_file_that_toml_names(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from the file", encoding="utf-8")
    path = written(tmp_path, f'[smtp]\nusername = "u"\npassword_file = "{secret}"\n')
    password = load(path, {**DEVELOPMENT, "IDP__SMTP__PASSWORD": "from outside"}).smtp.password
    assert password is not None
    assert password.get_secret_value() == "from outside"


def test_a_secret_given_twice_in_one_place_is_a_fault(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x", encoding="utf-8")
    path = written(tmp_path, f'[smtp]\nusername = "u"\npassword = "y"\npassword_file = "{secret}"\n')
    assert "both given" in refused(path, DEVELOPMENT)["smtp.password"]
    environ = {
        "IDP__SMTP__USERNAME": "u",
        "IDP__SMTP__PASSWORD": "y",
        "IDP__SMTP__PASSWORD_FILE": str(secret),
    }
    assert "both given" in refused(None, {**DEVELOPMENT, **environ})["smtp.password"]


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff\xff", b"x" * 70_000])
def test_a_secret_file_without_a_secret_is_a_fault(tmp_path: Path, content: bytes | None) -> None:
    secret = tmp_path / "secret"
    if content is not None:
        secret.write_bytes(content)
    environ = {**DEVELOPMENT, "IDP__SMTP__USERNAME": "u", "IDP__SMTP__PASSWORD_FILE": str(secret)}
    assert set(refused(None, environ)) == {"smtp.password"}


def test_only_a_secret_has_a_file_key(tmp_path: Path) -> None:
    path = written(tmp_path, '[smtp]\nhost_file = "/etc/hostname"\n')
    assert set(refused(path, DEVELOPMENT)) == {"smtp.host_file"}


SECRET = "ParolaSegreta"


@pytest.mark.parametrize(
    "text",
    [
        f'[smtp]\npasword = "{SECRET}"',
        f'[smtp]\npassword = ["{SECRET}"]',
        f'[smtp]\npassword_file = "{SECRET}"\nusername = "u"',
        f'[smtp]\npassword_file = ["{SECRET}"]\nusername = "u"',
        f'[smtp]\npassword = "{SECRET}"',
        f'smtp = "{SECRET}"',
        f'[database]\nurl = "mysql://idp:{SECRET}@db/idp"',
        f'[ephemera]\nurl = "memcached://:{SECRET}@db/idp"',
        f'[sms]\nurl = "http://sms.example.com/send?key={SECRET}"',
        f'[sms]\nsecret = "{SECRET}"\nurl = "ftp://{SECRET}"',
    ],
)
def test_a_fault_never_repeats_a_secret(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsFaults) as caught:
        load(written(tmp_path, text), DEVELOPMENT)
    assert SECRET not in str(caught.value)
    assert SECRET not in repr(caught.value.faults)


def test_the_settings_do_not_print_their_secrets() -> None:
    settings = load(
        None,
        {
            **DEVELOPMENT,
            "IDP__SMTP__USERNAME": "u",
            "IDP__SMTP__PASSWORD": SECRET,
            "IDP__DATABASE__URL": f"postgresql://idp:{SECRET}@db/idp",
            "IDP__EPHEMERA__URL": f"redis://:{SECRET}@cache",
            "IDP__SMS__URL": f"https://sms.example.com/?key={SECRET}",
        },
    )
    assert SECRET not in repr(settings)
    assert SECRET not in str(settings)


# --- the tree --------------------------------------------------------------------------------------


def test_the_tree_is_frozen_to_the_leaves() -> None:
    settings = load(
        None, {**DEVELOPMENT, "IDP__BRAND__PORTAL_LINKS": '{"Portale": "http://localhost:8001/"}'}
    )
    with pytest.raises(ValidationError, match="frozen"):
        settings.service.port = 1  # type: ignore[misc]
    with pytest.raises(TypeError, match="item assignment"):
        settings.brand.portal_links["x"] = "y"  # type: ignore[index]
    with pytest.raises(TypeError, match="item assignment"):
        settings.resources["x"] = None  # type: ignore[index]


def test_localhost_is_both_loopback_addresses() -> None:
    environ = {**DEVELOPMENT, "IDP__SERVICE__HOST": "localhost,127.0.0.1,10.0.0.1"}
    assert load(None, environ).service.bind_addresses == ("127.0.0.1", "::1", "10.0.0.1")


def test_the_configuration_file_is_the_given_the_named_or_the_one_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert configuration_file(None, {}) is None
    (tmp_path / "var").mkdir()
    (tmp_path / DEMO_CONFIG).touch()
    assert configuration_file(None, {}) == DEMO_CONFIG
    (tmp_path / "config.toml").touch()
    assert configuration_file(None, {}) == Path("config.toml")
    assert configuration_file(None, {"IDP_CONFIG": "/etc/idp.toml"}) == Path("/etc/idp.toml")
    assert configuration_file(Path("mine.toml"), {"IDP_CONFIG": "/etc/idp.toml"}) == Path("mine.toml")


def test_a_key_is_found_on_its_line_and_never_inside_a_text() -> None:
    text = '''top = 1
[a]
b = """
[c]
d = 2
"""
e.f = 3 # here
[ "q r" . s ]
"t" = 4
'''
    assert key_lines(text) == {
        "top": 1, "a": 2, "a.b": 3, "a.e": 7, "a.e.f": 7, "q r.s": 8, "q r.s.t": 9,
    }  # fmt: skip
