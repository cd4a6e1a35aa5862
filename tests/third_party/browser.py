"""The browser's part of a sign-in for Python relying parties: redirects and cookies, no pages."""

from urllib.parse import urljoin

import httpx

MOST_REDIRECTS = 12


class Browser:
    """Follows redirects with the cookies of somebody who may be signed in."""

    def __init__(self, cookie: str) -> None:
        self._jar = dict(pair.split("=", 1) for pair in cookie.split("; ") if pair)

    @property
    def cookie(self) -> str:
        """The Cookie field it would send now."""
        return "; ".join(f"{name}={value}" for name, value in self._jar.items())

    def open(self, url: str, until: str) -> str:
        """Follow redirects from `url` to the address that begins with `until`, and give it unvisited.

        Raises AssertionError at a page, since nobody is there to fill it.
        """
        for _ in range(MOST_REDIRECTS):
            answer = httpx.get(url, headers={"Cookie": self.cookie, "Accept": "text/html"})
            self._keep(answer.headers.get_list("set-cookie"))
            assert answer.is_redirect, f"{answer.status_code} at {url}: {answer.text[:500]}"
            url = urljoin(url, answer.headers["location"])
            if url.startswith(until):
                return url
        raise AssertionError(f"more than {MOST_REDIRECTS} redirects, last to {url}")

    def _keep(self, fields: list[str]) -> None:
        for field in fields:
            pair, _, attributes = field.partition(";")
            name, _, value = pair.partition("=")
            gone = "max-age=0" in attributes.lower() or "01 jan 1970" in attributes.lower()
            if gone or not value:
                self._jar.pop(name, None)
            else:
                self._jar[name] = value
