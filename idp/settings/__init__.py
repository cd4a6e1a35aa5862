"""Settings: a TOML file, ``IDP__SECTION__KEY`` variables and secret files become one frozen, typed tree.

An unknown key, a bad value or an unreadable file refuses the start, with all faults at once.
"""

from idp.settings.appearance import Brand, Language, Languages
from idp.settings.checks import STANDARD_SCOPES, warnings
from idp.settings.faults import Fault, SettingsFaults
from idp.settings.lifetimes import Lifetimes
from idp.settings.limits import Limits
from idp.settings.loading import (
    DEMO_CONFIG,
    Loaded,
    configuration_file,
    hand_down,
    load,
    process_environment,
    read,
)
from idp.settings.messages import Delivery, Logout, Sms, Smtp
from idp.settings.people import Codes, Password, Recovery, Registration
from idp.settings.registry import Registry
from idp.settings.section import Rate, Spoken, is_loopback
from idp.settings.service import Database, Ephemera, Keys, Resource, Service
from idp.settings.tree import Settings

__all__ = [
    "DEMO_CONFIG",
    "STANDARD_SCOPES",
    "Brand",
    "Codes",
    "Database",
    "Delivery",
    "Ephemera",
    "Fault",
    "Keys",
    "Language",
    "Languages",
    "Lifetimes",
    "Limits",
    "Loaded",
    "Logout",
    "Password",
    "Rate",
    "Recovery",
    "Registration",
    "Registry",
    "Resource",
    "Service",
    "Settings",
    "SettingsFaults",
    "Sms",
    "Smtp",
    "Spoken",
    "configuration_file",
    "hand_down",
    "is_loopback",
    "load",
    "process_environment",
    "read",
    "warnings",
]
