"""Static files: read once, found by an address that changes with the content, and by nothing else."""

import gzip
from pathlib import Path

import pytest

from idp.web.people import static
from idp.web.people.pages import STATIC


def test_an_address_changes_with_the_content(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_bytes(b"a{}")
    before = static.load(tmp_path)
    (tmp_path / "a.css").write_bytes(b"b{}")
    after = static.load(tmp_path)
    assert before.url("a.css") != after.url("a.css")
    found = before.find(before.url("a.css"))
    assert found is not None
    assert found.content == b"a{}"
    assert after.find(before.url("a.css")) is None


def test_what_is_made_at_start_is_served_like_a_file(tmp_path: Path) -> None:
    files = static.load(tmp_path, {"brand.css": b":root{}"})
    found = files.find(files.url("brand.css"))
    assert found is not None
    assert found.content_type == "text/css; charset=utf-8"


def test_headers_let_a_browser_keep_it_and_forbid_guessing() -> None:
    files = static.load(STATIC)
    found = files.find(files.url("page.css"))
    assert found is not None
    headers = dict(found.headers())
    assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["ETag"] == found.etag
    assert headers["Content-Length"] == str(len(found.content))
    assert found.gzipped is not None
    packed = dict(found.headers(packed=True))
    assert packed["Content-Encoding"] == "gzip"
    assert packed["Content-Length"] == str(len(found.gzipped))
    assert gzip.decompress(found.gzipped) == found.content


@pytest.mark.parametrize(
    "path", ["/static/", "/static/page.css", "/static/../pages.py", "/static/%2e%2e/x", "/etc/passwd", ""]
)
def test_nothing_is_found_by_any_other_path(path: str) -> None:
    assert static.load(STATIC).find(path) is None


def test_a_file_of_unknown_kind_is_refused_at_start(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_bytes(b"x")
    with pytest.raises(ValueError, match=r"notes\.txt"):
        static.load(tmp_path)


def test_nothing_is_fetched_from_elsewhere() -> None:
    for name in ("page.css", "page.js", "form-post.js"):
        text = (STATIC / name).read_text(encoding="utf-8")
        assert "http:" not in text
        assert "https:" not in text
        assert "url(" not in text
        assert "innerHTML" not in text
