"""Somebody writes ``X_Forwarded_For`` to come from wherever they like.

CGI gives both spellings one name. gunicorn drops the underscored one; granian puts it in the other's place,
and no application can tell them apart, so whoever trusts a proxy there is told what the proxy has to do.
"""

from pathlib import Path

import pytest

from idp.settings.checks import warnings
from tests.service.in_process import settings_for


@pytest.mark.parametrize(
    ("server", "proxies", "warned"), [("granian", 1, True), ("granian", 0, False), ("gunicorn", 1, False)]
)
def test_granian_behind_a_proxy_is_warned_about(
    tmp_path: Path, server: str, proxies: int, warned: bool
) -> None:
    settings = settings_for(tmp_path, "sqlite:///x", service={"server": server, "trusted_proxies": proxies})
    assert any("underscore" in line for line in warnings(settings)) is warned
