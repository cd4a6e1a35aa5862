"""Rules over several settings, and warnings."""

from pathlib import Path

import pytest

from idp.settings import Settings, SettingsFaults, load, warnings
from idp.settings.checks import contrast
from idp.settings.reference import toml

PRODUCTION: dict[str, dict[str, object]] = {
    "service": {"issuer": "https://login.example.com"},
    "delivery": {"email": "smtp", "sms": "webhook", "sender_email": "noreply@example.com"},
    "smtp": {"host": "mail.example.com"},
    "sms": {"url": "https://sms.example.com/send", "secret": "sixteen letters."},
}
DEVELOPMENT: dict[str, dict[str, object]] = {"service": {"development": True}}

Tree = dict[str, dict[str, object]]


def loaded(tmp_path: Path, base: Tree, change: Tree) -> Settings:
    """The settings of a base with some keys changed; ``None`` leaves a key out."""
    merged = {name: {**base.get(name, {}), **change.get(name, {})} for name in {**base, **change}}
    lines = []
    for name, keys in merged.items():
        lines.append(f"[{name}]")
        lines += [f"{key} = {toml(value)}" for key, value in keys.items() if value is not None]
    path = tmp_path / "config.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return load(path, {})


@pytest.mark.parametrize("base", [PRODUCTION, DEVELOPMENT], ids=["production", "development"])
def test_a_right_configuration_is_taken_without_a_warning(tmp_path: Path, base: Tree) -> None:
    assert warnings(loaded(tmp_path, base, {})) == ()


@pytest.mark.parametrize(
    ("base", "change", "path"),
    [
        (PRODUCTION, {"service": {"development": True}}, "service.development"),
        (PRODUCTION, {"delivery": {"email": "inbox"}}, "delivery.email"),
        (PRODUCTION, {"delivery": {"sms": "inbox"}}, "delivery.sms"),
        (DEVELOPMENT, {"service": {"development": False}}, "delivery.email"),
        (PRODUCTION, {"logout": {"allow_loopback_callbacks": True}}, "logout.allow_loopback_callbacks"),
        (PRODUCTION, {"smtp": {"host": None}}, "smtp.host"),
        (PRODUCTION, {"delivery": {"sender_email": None}}, "delivery.sender_email"),
        (PRODUCTION, {"smtp": {"username": "u"}}, "smtp.password"),
        (PRODUCTION, {"smtp": {"password": "p"}}, "smtp.password"),
        (PRODUCTION, {"smtp": {"starttls": "off"}}, "smtp.starttls"),
        (PRODUCTION, {"sms": {"url": None}}, "sms.url"),
        (PRODUCTION, {"sms": {"url": "http://sms.example.com"}}, "sms.url"),
        (PRODUCTION, {"sms": {"url": "http://localhost.example.com"}}, "sms.url"),
        (PRODUCTION, {"sms": {"secret": None}}, "sms.secret"),
        (DEVELOPMENT, {"password": {"min_length": 17}}, "password.min_length"),
        (DEVELOPMENT, {"password": {"max_length": 8, "min_length": 9}}, "password.min_length"),
        (DEVELOPMENT, {"lifetimes": {"session_idle": 43201}}, "lifetimes.session_idle"),
        (DEVELOPMENT, {"lifetimes": {"refresh_absolute": 3600}}, "lifetimes.refresh_token"),
        (DEVELOPMENT, {"lifetimes": {"enrolment": 599}}, "codes.registration_life"),
        (DEVELOPMENT, {"limits": {"sends_per_contact_per_day": 2}}, "limits.sends_per_contact"),
        (DEVELOPMENT, {"limits": {"state_bytes": 5000}}, "limits.state_bytes"),
        (DEVELOPMENT, {"limits": {"parameter_bytes": 70000}}, "limits.parameter_bytes"),
        (
            DEVELOPMENT,
            {"password": {"argon2_memory_kib": 31, "argon2_lanes": 4}},
            "password.argon2_memory_kib",
        ),
        (DEVELOPMENT, {"languages": {"offered": ["en"]}}, "languages.default"),
        (DEVELOPMENT, {"brand": {"help_hours": {"it": "9-18", "en": "9 am-6 pm"}}}, "brand.help_hours"),
        (
            DEVELOPMENT,
            {"languages": {"offered": ["it"]}, "brand": {"help_hours": {"it": "9-18", "fr": "9 h-18 h"}}},
            "brand.help_hours",
        ),
        (DEVELOPMENT, {"smtp": {"ca_file": "none.pem"}}, "smtp.ca_file"),
        (DEVELOPMENT, {"service": {"extra_ca_file": "/"}}, "service.extra_ca_file"),
        (DEVELOPMENT, {"brand": {"logo": "none.svg"}}, "brand.logo"),
        (
            DEVELOPMENT,
            {"resources": {"a": {"audience": "https://a.example.com", "scopes": ["email"]}}},
            "resources.a.scopes",
        ),
        (
            DEVELOPMENT,
            {
                "resources": {
                    "a": {"audience": "https://a.example.com", "scopes": ["x"]},
                    "b": {"audience": "https://b.example.com", "scopes": ["y", "x"]},
                }
            },
            "resources.b.scopes",
        ),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    tmp_path: Path, base: Tree, change: Tree, path: str
) -> None:
    with pytest.raises(SettingsFaults) as caught:
        loaded(tmp_path, base, change)
    assert caught.value.faults[0].path == path


@pytest.mark.parametrize(
    ("base", "change"),
    [
        (PRODUCTION, {"smtp": {"host": "localhost", "starttls": "off"}}),
        (PRODUCTION, {"sms": {"url": "http://127.0.0.1:9000/send"}}),
        (PRODUCTION, {"smtp": {"username": "u", "password": "p"}}),
        (PRODUCTION, {"service": {"issuer": "http://localhost:8000"}}),
        (DEVELOPMENT, {"logout": {"allow_loopback_callbacks": True}}),
        (DEVELOPMENT, {"password": {"min_length": 16}}),
        (DEVELOPMENT, {"brand": {"help_hours": "9-18"}}),
        (DEVELOPMENT, {"languages": {"offered": ["it"]}, "brand": {"help_hours": {"it": "9", "de": "9"}}}),
        (
            DEVELOPMENT,
            {
                "resources": {
                    "a": {"audience": "https://a.example.com", "scopes": ["x", "x:read"]},
                    "b": {"audience": "http://localhost:8003", "scopes": ["y"]},
                }
            },
        ),
    ],
)
def test_the_edge_of_a_rule_is_allowed(tmp_path: Path, base: Tree, change: Tree) -> None:
    loaded(tmp_path, base, change)


@pytest.mark.parametrize(
    "audience",
    ["api", "http://api.example.com", "https://api.example.com#x", "https://api.example.com#", "urn:api"],
)
def test_an_audience_is_an_absolute_address_without_fragment(tmp_path: Path, audience: str) -> None:
    with pytest.raises(SettingsFaults) as caught:
        loaded(tmp_path, DEVELOPMENT, {"resources": {"a": {"audience": audience, "scopes": ["x"]}}})
    assert [fault.path for fault in caught.value.faults] == ["resources.a.audience"]


def test_a_rule_is_silent_about_a_key_that_is_refused_already(tmp_path: Path) -> None:
    """The default stands in for a refused value, and would only confuse."""
    with pytest.raises(SettingsFaults) as caught:
        loaded(tmp_path, DEVELOPMENT, {"service": {"development": "yes"}, "password": {"max_length": 0}})
    assert {fault.path for fault in caught.value.faults} == {"service.development", "password.max_length"}


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"registration": {"mismatch": "explicit"}}, "registration.mismatch"),
        ({"database": {"sqlite_synchronous": "NORMAL"}}, "database.sqlite_synchronous"),
        ({"password": {"argon2_memory_kib": 1024}}, "password.argon2_memory_kib"),
        ({"limits": {"login_failures_per_account": "9/900"}}, "limits.login_failures_per_account"),
        ({"brand": {"colour_brand_ink": "#808080"}}, "brand.colour_brand_ink"),
    ],
)
def test_what_is_allowed_but_unwise_is_warned_about(tmp_path: Path, change: Tree, path: str) -> None:
    (warning,) = warnings(loaded(tmp_path, DEVELOPMENT, change))
    assert warning.startswith(f"{path}: ")


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert contrast("#123456", "#123456") == 1
