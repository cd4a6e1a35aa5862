"""Whoever races for a code or a refresh token: one wins, and whoever comes second ends it all (A4, A5).

Fifty redeem at once, by threads of one process and by two processes, on both databases.
"""

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from idp.flows.clients import Registered
from tests.specs.house import House, Reply

RACERS = 50
PROCESSES = 2
ROOT = Path(__file__).parents[2]

# One of the processes on one database that redeem the same code at the same moment.
RACER = """
import json, sys, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tests.specs.house import Reply, open_house
from idp.flows.clients import Registered, find
order = json.loads(sys.stdin.readline())
house = open_house(order["url"], Path(order["folder"]))
client = Registered(find(house.idp, order["client_id"]), order["secret"])
act = house.exchange if order["what"] == "code" else house.refresh
print("ready", flush=True)
sys.stdin.readline()
with ThreadPoolExecutor(order["racers"]) as pool:
    replies = list(pool.map(lambda _: act(client, order["token"]), range(order["racers"])))
print(json.dumps([[reply.status, reply.json] for reply in replies]), flush=True)
"""

Answers = list[tuple[int, dict[str, Any]]]


def by_threads(house: House, what: str, registered: Registered, token: str) -> Answers:
    act: Callable[..., Reply] = house.exchange if what == "code" else house.refresh
    together = threading.Barrier(RACERS)

    def race(_: int) -> tuple[int, dict[str, Any]]:
        together.wait()
        reply = act(registered, token)
        return reply.status, reply.json

    with ThreadPoolExecutor(RACERS) as pool:
        return list(pool.map(race, range(RACERS)))


def by_processes(house: House, what: str, registered: Registered, token: str) -> Answers:
    order = {
        "url": house.idp.database.url.render_as_string(hide_password=False),
        "folder": str(house.idp.settings.keys.directory),
        "client_id": registered.client.client_id,
        "secret": registered.secret,
        "what": what,
        "token": token,
        "racers": RACERS // PROCESSES,
    }
    started = [
        subprocess.Popen(
            [sys.executable, "-c", RACER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for _ in range(PROCESSES)
    ]
    try:
        for process in started:
            assert process.stdin is not None
            process.stdin.write(json.dumps(order) + "\n")
            process.stdin.flush()
        for process in started:
            assert process.stdout is not None
            while (line := process.stdout.readline()) not in ("ready\n", ""):
                pass
            assert line == "ready\n"
        for process in started:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        answers: Answers = []
        for process in started:
            output, _ = process.communicate(timeout=120)
            assert process.returncode == 0
            answers += [(status, body) for status, body in json.loads(output.strip().splitlines()[-1])]
        return answers
    finally:
        for process in started:
            process.kill()
            process.wait()


def assert_one_won_and_lost_it_again(
    house: House, registered: Registered, answers: Answers, *, refresh_tokens: int
) -> None:
    won = [body for status, body in answers if status == 200]
    lost = [body["error"] for status, body in answers if status != 200]
    assert len(won) == 1
    assert lost == ["invalid_grant"] * (RACERS - 1)
    assert {status for status, _ in answers} == {200, 400}
    api = house.add("api")
    assert house.userinfo(won[0]["access_token"]).status == 401
    assert house.introspect(api, won[0]["access_token"]).json == {"active": False}
    assert house.refresh(registered, won[0]["refresh_token"]).error == "invalid_grant"
    with house.idp.reading() as tx:
        assert tx.exec_driver_sql("SELECT count(*) FROM refresh_tokens").scalar_one() == refresh_tokens


@pytest.mark.parametrize(
    "race", [by_threads, pytest.param(by_processes, marks=pytest.mark.slow)], ids=["threads", "processes"]
)
def test_of_fifty_parallel_redemptions_of_a_code_one_wins_and_its_tokens_die(
    either_house: House, race: Callable[..., Answers]
) -> None:
    house = either_house
    portal = house.add()
    code = house.code(portal.client, house.holder(), "openid policies")
    assert_one_won_and_lost_it_again(house, portal, race(house, "code", portal, code), refresh_tokens=1)


@pytest.mark.parametrize(
    "race", [by_threads, pytest.param(by_processes, marks=pytest.mark.slow)], ids=["threads", "processes"]
)
def test_of_fifty_parallel_uses_of_a_refresh_token_one_wins_and_the_family_dies(
    either_house: House, race: Callable[..., Answers]
) -> None:
    house = either_house
    portal = house.add()
    token = house.tokens(portal, house.holder(), "openid policies")["refresh_token"]
    assert_one_won_and_lost_it_again(house, portal, race(house, "refresh", portal, token), refresh_tokens=2)


def test_fifty_different_codes_at_once_all_become_tokens(either_house: House) -> None:
    house = either_house
    portal, holder = house.add(), house.holder()
    codes = [house.code(portal.client, holder) for _ in range(RACERS)]
    with ThreadPoolExecutor(RACERS) as pool:
        replies = list(pool.map(lambda code: house.exchange(portal, code), codes))
    assert [reply.status for reply in replies] == [200] * RACERS
    assert len({reply.json["refresh_token"] for reply in replies}) == RACERS


def test_a_refresh_racing_a_sign_out_leaves_nothing_alive(either_house: House) -> None:
    house = either_house
    portal = house.add()
    for _ in range(10):
        holder = house.holder()
        tokens = [house.tokens(portal, holder) for _ in range(8)]
        with ThreadPoolExecutor(9) as pool:
            out = pool.submit(house.sign_out, holder)
            replies = list(pool.map(lambda each: house.refresh(portal, each["refresh_token"]), tokens))
            out.result()
        for reply in replies:
            assert reply.status in (200, 400)
            if reply.status == 200:
                assert house.userinfo(reply.json["access_token"]).status == 401
                assert house.refresh(portal, reply.json["refresh_token"]).error == "invalid_grant"


def test_what_was_ended_stays_ended_after_a_restart(house: House) -> None:
    from tests.specs.house import open_house

    portal = house.add()
    code = house.code(portal.client, house.holder())
    tokens = house.exchange(portal, code).json
    house.exchange(portal, code)
    house.idp.database.engine.dispose()
    again = open_house(house.idp.settings.database.url, house.idp.settings.keys.directory)
    assert again.userinfo(tokens["access_token"]).status == 401
    assert again.refresh(portal, tokens["refresh_token"]).error == "invalid_grant"
    assert again.exchange(portal, code).error == "invalid_grant"
    again.idp.database.engine.dispose()
