"""The kind of device a browser says it runs on."""

import pytest

from idp.accounts.device import BROWSERS, OTHER, SYSTEMS, device_of, names_of

_KIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
_IOS = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
_IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X)"

CLAIMS = (
    (f"Mozilla/5.0 (Linux; Android 10; K) {_KIT} Chrome/141.0.0.0 Mobile Safari/537.36", "chrome android"),
    (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_KIT} Chrome/141.0.0.0 Safari/537.36", "chrome windows"),
    (f"Mozilla/5.0 (X11; Linux x86_64) {_KIT} HeadlessChrome/141.0.0.0 Safari/537.36", "chrome linux"),
    (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {_KIT} Chrome/141.0.0.0 Safari/537.36", "chrome chromeos"),
    (
        f"{_IPHONE} {_IOS} Version/18.5 Mobile/15E148 Safari/604.1",
        "safari iphone",
    ),
    (
        f"{_IPHONE} {_IOS} CriOS/141.0 Mobile/15E148 Safari/604.1",
        "chrome iphone",
    ),
    (
        f"Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) {_IOS} FxiOS/144.0 Mobile/15E148 Safari/605.1.15",
        "firefox ipad",
    ),
    (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_IOS} Version/18.5 Safari/605.1.15", "safari mac"),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0", "firefox windows"),
    ("Mozilla/5.0 (Android 15; Mobile; rv:144.0) Gecko/144.0 Firefox/144.0", "firefox android"),
    (
        f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_KIT} Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0",
        "edge windows",
    ),
    (
        f"Mozilla/5.0 (Linux; Android 10; K) {_KIT} Chrome/141.0.0.0 Mobile Safari/537.36 EdgA/141.0.0.0",
        "edge android",
    ),
    (f"Mozilla/5.0 (X11; Linux x86_64) {_KIT} Chrome/141.0.0.0 Safari/537.36 OPR/124.0.0.0", "opera linux"),
    (
        f"Mozilla/5.0 (Linux; Android 10; K) {_KIT} SamsungBrowser/28.0 Chrome/130.0 Mobile Safari/537.36",
        "samsung android",
    ),
    ("curl/8.5.0", f"{OTHER} {OTHER}"),
    ("Android", f"{OTHER} android"),
    ("", f"{OTHER} {OTHER}"),
)


@pytest.mark.parametrize(("claimed", "device"), CLAIMS)
def test_a_claim_is_told_in_two_codes(claimed: str, device: str) -> None:
    assert device_of(claimed) == device


def test_no_claim_is_a_device_of_no_kind() -> None:
    assert device_of(None) == f"{OTHER} {OTHER}"


def test_whatever_is_claimed_two_codes_of_the_list_come_out_and_fit_their_column() -> None:
    long = "x" * 100_000 + "Chrome/1 Android"
    for claimed in (long, "<script>Chrome/", "\n\r\0 Safari/ iPhone", "ß" * 600):
        browser, system = device_of(claimed).split(" ")
        assert browser in {*BROWSERS, OTHER}
        assert system in {*SYSTEMS, OTHER}
    longest = max(map(len, BROWSERS)) + 1 + max(map(len, SYSTEMS))
    assert longest <= 40


def test_a_device_has_a_name_when_both_its_parts_are_known() -> None:
    assert names_of("chrome android") == ("Chrome", "Android")
    assert names_of("other android") is None
    assert names_of("chrome other") is None
    assert names_of("chrome") is None
    assert names_of("<b> x") is None
    assert names_of(None) is None
