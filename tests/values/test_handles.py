"""Opaque secrets."""

import hashlib

from idp.values import Handle, digest_of


def test_only_the_digest_of_a_handle_is_kept() -> None:
    assert Handle("secret").digest == digest_of("secret") == hashlib.sha256(b"secret").digest()


def test_a_handle_does_not_show_its_secret_in_a_trace() -> None:
    assert "secret" not in repr(Handle("secret"))


def test_whatever_a_browser_sends_has_a_digest() -> None:
    assert len(digest_of("\ud800\x00è")) == 32
