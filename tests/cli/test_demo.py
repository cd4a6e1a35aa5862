"""The demo from its folder: its ports, its data under the commands, and its end."""

import json
import signal
import socket
import time
from pathlib import Path

import httpx
import psutil
import pytest

from tests.cli.command import idp, start
from tests.parts.ports import free_ports

pytestmark = pytest.mark.slow


def test_taken_ports_are_told_by_name_and_another_row_is_suggested(tmp_path: Path) -> None:
    first = free_ports(4)[0]
    with socket.socket() as portal, socket.socket(socket.AF_INET6) as policies:
        portal.bind(("127.0.0.1", first + 1))
        portal.listen()
        policies.bind(("::1", first + 3))
        policies.listen()
        said = idp(tmp_path, "demo", IDP_DEMO_PORT=str(first))
    assert said.code == 1
    assert said.faults[:2] == [
        f"port {first + 1} (portal) is taken by another program",
        f"port {first + 3} (policies) is taken by another program",
    ]
    assert "IDP_DEMO_PORT" in said.faults[2]
    assert not (tmp_path / "var").exists(), "nothing was prepared for a demo that cannot start"


@pytest.mark.parametrize("port", ["zero", "0", "65533"])
def test_a_first_port_that_is_none_is_a_usage_error(tmp_path: Path, port: str) -> None:
    assert idp(tmp_path, "demo", IDP_DEMO_PORT=port).code == 2


def test_the_demo_runs_on_other_ports_under_the_commands_and_leaves_no_process(tmp_path: Path) -> None:
    first = free_ports(4)[0]
    log = tmp_path / "demo.log"
    process = start(tmp_path, log, "demo", IDP_DEMO_PORT=str(first))
    children: list[psutil.Process] = []
    try:
        deadline = time.monotonic() + 60
        while "Ctrl-C" not in log.read_text("utf-8"):
            assert process.poll() is None, log.read_text("utf-8")
            assert time.monotonic() < deadline, log.read_text("utf-8")
            time.sleep(0.1)
        children = psutil.Process(process.pid).children(recursive=True)
        assert len(children) >= 8, "four servers with a process each that serves"

        issuer = f"http://localhost:{first}"
        assert httpx.get(f"{issuer}/.well-known/openid-configuration").json()["issuer"] == issuer
        for port in range(first, first + 4):
            for address in ("127.0.0.1", "[::1]"):
                httpx.get(f"http://{address}:{port}/", headers={"Host": f"localhost:{port}"})

        listed = idp(tmp_path, "clients", "list", "--json")
        assert listed.code == 0, listed.err
        portal = next(client for client in json.loads(listed.out) if client["client_id"] == "portal")
        assert portal["redirect_uris"] == [f"http://localhost:{first + 1}/callback"]
        assert idp(tmp_path, "registry", "find", "maria.rossi@posta.example").code == 0

        # Impatient people press twice.
        process.send_signal(signal.SIGINT)
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0, log.read_text("utf-8")
        said = log.read_text("utf-8")
        assert said.rstrip().endswith("Stopped.")
        assert "Traceback" not in said
        assert [child for child in children if child.is_running()] == []
    finally:
        for child in children:
            if child.is_running():
                child.kill()
        process.kill()
        process.wait()
    for number in range(4):
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", first + number)) != 0


def test_the_demo_stops_when_its_terminal_closes_or_a_part_of_it_dies(tmp_path: Path) -> None:
    first = free_ports(4)[0]
    log = tmp_path / "demo.log"
    for blow in ("hangup", "portal"):
        process = start(tmp_path, log, "demo", IDP_DEMO_PORT=str(first))
        children: list[psutil.Process] = []
        try:
            deadline = time.monotonic() + 60
            while "Ctrl-C" not in log.read_text("utf-8"):
                assert process.poll() is None, log.read_text("utf-8")
                assert time.monotonic() < deadline
                time.sleep(0.1)
            children = psutil.Process(process.pid).children(recursive=True)
            if blow == "hangup":
                process.send_signal(signal.SIGHUP)
            else:
                next(child for child in children if "clients.portal" in child.cmdline()).terminate()
            assert process.wait(30) == (0 if blow == "hangup" else 1)
            assert blow == "hangup" or "portal ended" in log.read_text("utf-8")
            assert [child for child in children if child.is_running()] == []
        finally:
            for child in children:
                if child.is_running():
                    child.kill()
            process.kill()
            process.wait()
