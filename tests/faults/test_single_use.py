"""What may be used once is used once: by fifty callers at once, through `kill -9`, and after a restart."""

import contextlib
import queue
import threading
import time
from collections.abc import Mapping
from typing import Any

import httpx
import psutil
import pytest

from tests.faults.service import AUDIENCE, CALLBACK, MortalService, at_once

pytestmark = pytest.mark.slow

SCOPE = "openid policies"


@pytest.fixture(scope="module")
def client(mortal: MortalService) -> dict[str, Any]:
    """A public client with refresh tokens."""
    return mortal.add_client(kind="spa", redirect_uris=[CALLBACK], scope=SCOPE, first_party=True)


@pytest.fixture(scope="module")
def api(mortal: MortalService) -> dict[str, Any]:
    """The API that the tokens are for."""
    return mortal.add_client(kind="api", audience=AUDIENCE)


def refused(answer: httpx.Response) -> bool:
    """Whether the token endpoint said no, as it says of what is spent."""
    return answer.status_code == 400 and answer.json()["error"] == "invalid_grant"


def assert_dead(
    service: MortalService, client: Mapping[str, Any], api: Mapping[str, Any], tokens: Any
) -> None:
    """Nothing of these tokens is good for anything."""
    assert service.userinfo(tokens["access_token"]).status_code == 401
    assert service.introspect(api, tokens["access_token"]) == {"active": False}
    assert refused(service.refresh(client, tokens["refresh_token"]))


def test_a5_of_fifty_redemptions_at_once_one_wins_and_then_its_tokens_are_dead(
    mortal: MortalService, client: dict[str, Any], api: dict[str, Any]
) -> None:
    code = mortal.code(mortal.signed_in(), client, SCOPE)
    answers = at_once(50, lambda _number: mortal.redeem(client, code))
    winners = [answer for answer in answers if answer.status_code == 200]
    assert len(winners) == 1, [answer.status_code for answer in answers]
    assert sum(refused(answer) for answer in answers) == 49, {answer.text for answer in answers}
    assert_dead(mortal, client, api, winners[0].json())


def test_a4_of_fifty_uses_of_a_refresh_token_at_once_one_wins_and_then_the_family_is_dead(
    mortal: MortalService, client: dict[str, Any], api: dict[str, Any]
) -> None:
    first = mortal.redeem(client, mortal.code(mortal.signed_in(), client, SCOPE)).json()
    answers = at_once(50, lambda _number: mortal.refresh(client, first["refresh_token"]))
    winners = [answer for answer in answers if answer.status_code == 200]
    assert len(winners) == 1, [answer.status_code for answer in answers]
    assert sum(refused(answer) for answer in answers) == 49, {answer.text for answer in answers}
    assert_dead(mortal, client, api, winners[0].json())
    assert mortal.userinfo(first["access_token"]).status_code == 401


def test_a4_a_rotated_refresh_token_has_no_grace_and_its_death_survives_kill_9(
    mortal: MortalService, client: dict[str, Any], api: dict[str, Any]
) -> None:
    first = mortal.redeem(client, mortal.code(mortal.signed_in(), client, SCOPE)).json()
    second = mortal.refresh(client, first["refresh_token"]).json()
    assert mortal.userinfo(second["access_token"]).status_code == 200
    assert mortal.introspect(api, second["access_token"])["active"] is True
    # At once: the client itself may have retried, and is not believed either.
    assert refused(mortal.refresh(client, first["refresh_token"]))
    assert_dead(mortal, client, api, second)
    mortal.kill_serving_processes()
    mortal.wait_until_ready()
    assert_dead(mortal, client, api, second)
    assert refused(mortal.refresh(client, first["refresh_token"]))
    mortal.kill_everything()
    mortal.restart()
    assert_dead(mortal, client, api, second)


def test_a5_kill_9_amid_redemptions_spends_no_code_twice_and_loses_nothing_acknowledged(
    mortal: MortalService, client: dict[str, Any], api: dict[str, Any]
) -> None:
    browser = mortal.signed_in()
    codes = [mortal.code(browser, client, SCOPE) for _ in range(60)]
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
    for code in codes:
        waiting.put(code)
    acknowledged: dict[str, Any] = {}
    unknown: list[str] = []

    def redeem_some() -> None:
        while not waiting.empty():
            try:
                code = waiting.get(timeout=0.1)
            except queue.Empty:
                return
            try:
                answer = mortal.redeem(client, code)
            except httpx.TransportError:
                unknown.append(code)
            else:
                assert answer.status_code == 200, answer.text
                acknowledged[code] = answer.json()

    callers = [threading.Thread(target=redeem_some) for _ in range(6)]
    for caller in callers:
        caller.start()
    # Until a kill met a redemption under way: those that wait in the socket are answered by the next process.
    while not unknown and not waiting.empty():
        for victim in mortal.serving_processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                victim.kill()
        time.sleep(0.05)
    for caller in callers:
        caller.join()
    mortal.wait_until_ready()
    mortal.kill_everything()
    mortal.restart()

    assert len(acknowledged) + len(unknown) == len(codes)
    assert unknown, "the kill met a redemption under way"
    # A third of them is proof enough and soon done.
    for code, tokens in list(acknowledged.items())[::3]:
        assert mortal.introspect(api, tokens["access_token"])["active"] is True
        rotated = mortal.refresh(client, tokens["refresh_token"])
        assert rotated.status_code == 200, "an acknowledged refresh token survives"
        assert refused(mortal.redeem(client, code)), "a code spent is spent"
        assert_dead(mortal, client, api, rotated.json())
    for code in unknown:
        again = mortal.redeem(client, code)
        assert again.status_code == 200 or refused(again), again.text
        assert refused(mortal.redeem(client, code))
        if again.status_code == 200:
            assert_dead(mortal, client, api, again.json())
