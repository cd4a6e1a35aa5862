"""Serve a relying party on both loopback addresses with one gunicorn worker of threads."""

import errno
import socket
import sys
from collections.abc import Callable
from typing import Any

import click
from flask import Flask
from gunicorn.app.base import BaseApplication

THREADS = 8
GRACE = 3
"""Seconds a stopping server gives to the requests it is answering."""
UNUSABLE = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}


class PortTaken(Exception):
    """Something already listens on the port."""


class _Loopback(BaseApplication):  # type: ignore[misc]  # gunicorn publishes no types
    def __init__(self, make_app: Callable[[], Flask], options: dict[str, Any]) -> None:
        self._make_app = make_app
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self._make_app()


def serve(name: str, make_app: Callable[[], Flask], port: int) -> None:
    """Answer on 127.0.0.1 and, where the machine has it, ::1, until SIGTERM or SIGINT.

    One worker, because sessions live in its memory. Exits with status 1 and one line when the port is taken.
    """
    try:
        addresses = free_addresses(port)
    except PortTaken:
        click.echo(f"{name}: port {port} is taken by another program", err=True)
        sys.exit(1)
    click.echo(f"{name}: http://localhost:{port}")
    _Loopback(
        make_app,
        {
            "bind": addresses,
            "worker_class": "gthread",
            "workers": 1,
            "threads": THREADS,
            "graceful_timeout": GRACE,
            "keepalive": 5,
            "loglevel": "warning",
            "control_socket_disable": True,
            "proc_name": name,
        },
    ).run()


def free_addresses(port: int) -> list[str]:
    """The loopback addresses this machine has, as gunicorn writes them; raises PortTaken."""
    found = []
    for family, host, written in (
        (socket.AF_INET, "127.0.0.1", f"127.0.0.1:{port}"),
        (socket.AF_INET6, "::1", f"[::1]:{port}"),
    ):
        try:
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((host, port))
        except OSError as fault:
            if fault.errno in UNUSABLE:
                continue
            if fault.errno == errno.EADDRINUSE:
                raise PortTaken(written) from fault
            raise
        found.append(written)
    return found
