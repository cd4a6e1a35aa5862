"""How the relying parties' servers call others: short, bounded, never redirected."""

import json
import ssl
from pathlib import Path
from typing import Any

import httpx

LARGEST_ANSWER = 256 * 1024
TIMEOUT = httpx.Timeout(5.0, connect=2.0)


class AnswerUnusable(Exception):
    """The other side could not be reached, or answered something that is not a JSON object."""


def trust(ca_file: Path | None) -> ssl.SSLContext:
    """The system's certificate authorities, and those of `ca_file` besides."""
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context


def outbound_client(ca_file: Path | None = None) -> httpx.Client:
    """An HTTP client that follows no redirect: an answer from elsewhere is not the answer asked for.

    The environment's proxy and certificate variables are not read: what is trusted is said in the settings.
    """
    return httpx.Client(timeout=TIMEOUT, follow_redirects=False, trust_env=False, verify=trust(ca_file))


def read_object(answer: httpx.Response) -> dict[str, Any]:
    """The JSON object a streamed answer carries.

    Raises AnswerUnusable when it is larger than 256 KiB, not JSON, or JSON but no object.
    """
    body = bytearray()
    for chunk in answer.iter_bytes():
        body += chunk
        if len(body) > LARGEST_ANSWER:
            raise AnswerUnusable("the answer is too large")
    try:
        value = json.loads(bytes(body))
    except ValueError as fault:
        raise AnswerUnusable("the answer is not JSON") from fault
    if not isinstance(value, dict):
        raise AnswerUnusable("the answer is not a JSON object")
    return value


def get_object(http: httpx.Client, url: str) -> dict[str, Any]:
    """The JSON object at `url`; raises AnswerUnusable for anything but a plain 200 with one."""
    try:
        with http.stream("GET", url, headers={"Accept": "application/json"}) as answer:
            if answer.status_code != httpx.codes.OK:
                raise AnswerUnusable(f"the answer's status is {answer.status_code}")
            return read_object(answer)
    except httpx.HTTPError as fault:
        raise AnswerUnusable(f"no answer: {type(fault).__name__}") from fault
