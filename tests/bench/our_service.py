"""Our service as it is deployed, prepared through its public surface: the `idp` command and its pages."""

from __future__ import annotations

import csv
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from tests.bench.customer import Browser, Person
from tests.bench.measured import ROOT, CannotRunError, Cores, Process
from tests.bench.scripts import authorization_query
from tests.bench.services import Client, Login, Seeds, cookie_field
from tests.parts.ports import free_port

IDP = ROOT / ".venv" / "bin" / "idp"
REDIRECT_URI = "http://localhost:9/callback"
# A token that a protected resource may introspect must be for that resource: its scope is asked as well.
AUDIENCE = "https://api.bench.example"
SCOPE = "openid profile email policies"
# A new installation with the defaults of a deployment, durability included (SQLite syncs each commit). The
# development inbox alone, from which the customers read their codes, is not what a deployment has.
CONFIGURATION = """\
[service]
issuer = "http://localhost:{port}"
port = {port}
development = true

[database]
url = "{database_url}"

[keys]
directory = "{folder}/keys"

[assurance]
second_factor = "never"

[delivery]
inbox_path = "{folder}/inbox.jsonl"

[resources.bench]
audience = "{audience}"
scopes = ["policies"]
"""
REGISTRY_HEADER = (
    *("customer_number", "profile", "state", "given_name", "family_name", "company_name", "tax_code"),
    *("vat_number", "birth_date", "emails", "mobiles", "policies"),
    *("agency_name", "agency_phone", "agency_email", "updated_on"),
)
# Letters only, since a name is folded; one word each, so that no rule on double names is met.
GIVEN = ("Ada", "Bice", "Carla", "Dora", "Elsa", "Fina", "Gaia", "Ilda")


Server = Literal["gunicorn", "granian"]


class OurService:
    """One installation (its own database, keys, clients and customers) that either server can serve."""

    def __init__(
        self, *, label: str, server: Server, database_url: str, folder: Path, cores: Cores, sessions: int
    ) -> None:
        self.name = f"{server} {label}"
        self.port = free_port()
        self._server, self._database_url = server, database_url
        self._folder, self._cores, self._sessions = folder, cores, sessions
        self._process: Process | None = None
        self._seeds: Seeds | None = None

    @property
    def process(self) -> Process:
        assert self._process is not None, "not started"
        return self._process

    @property
    def seeds(self) -> Seeds:
        assert self._seeds is not None, "not prepared"
        return self._seeds

    @property
    def configuration(self) -> Path:
        return self._folder / "config.toml"

    def start(self, processes: int = 1) -> float:
        """Serve with this many workers; seconds from the command to discovery's first 200."""
        self._process = Process(
            [
                str(IDP), "serve", "--config", str(self.configuration), "--port", str(self.port),
                "--server", self._server, "--processes", str(processes), "--no-worker",
            ],
            cores=self._cores.service,
            log=self._folder / "service.log",
            # An installation has its bytecode; a working tree may be forbidden to keep any.
            env={"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(self._folder / "bytecode")},
        )  # fmt: skip
        return self._process.wait_for(self.port, "/.well-known/openid-configuration")

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop()

    def prepare(self) -> None:
        """Everything a measurement needs: schema, keys, registry, clients, customers with sessions.

        Leaves the service stopped. Raises CannotRunError with the command's own words when a step fails.
        """
        if not IDP.exists():
            raise CannotRunError("no .venv/bin/idp: run `make bench`, which installs it")
        self._folder.mkdir(parents=True, exist_ok=True)
        self.configuration.write_text(
            CONFIGURATION.format(
                port=self.port, database_url=self._database_url, folder=self._folder, audience=AUDIENCE
            )
        )
        people = customers(self._sessions)
        self._command("db", "upgrade")
        self._command("keys", "init")
        self._command("registry", "import", str(write_registry(people, self._folder / "customers.csv")))
        service = self._client("--kind", "service", "--id", "bench", "--name", "Bench", "--scope", "policies")
        web = self._client(
            "--kind", "web", "--id", "bench-web", "--name", "Bench web", "--redirect-uri", REDIRECT_URI,
            "--scope", SCOPE, "--alg", "ES256", "--first-party",
        )  # fmt: skip
        api = self._client(
            "--kind", "api", "--id", "bench-api", "--name", "Bench API", "--audience", AUDIENCE
        )
        self.start()
        worker = Process(
            [str(IDP), "worker", "--config", str(self.configuration)],
            cores=self._cores.others,
            log=self._folder / "worker.log",
        )
        try:
            signed_in = [self._register(person, web) for person in people]
        finally:
            worker.stop()
            self.stop()
        self._seeds = Seeds(
            web=web,
            service=service,
            introspecting=api,
            redirect_uri=REDIRECT_URI,
            scope=SCOPE,
            service_form={"grant_type": "client_credentials", "scope": "policies"},
            sessions=tuple(session for session, _ in signed_in),
            logins=tuple(login for _, login in signed_in),
        )

    def _command(self, *words: str) -> str:
        """Run one `idp` command on this installation; its standard output."""
        done = subprocess.run(
            [str(IDP), *words, "--config", str(self.configuration)],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise CannotRunError(f"idp {' '.join(words)} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def _client(self, *words: str) -> Client:
        metadata: Mapping[str, Any] = json.loads(self._command("clients", "add", *words, "--json"))
        return Client(metadata["client_id"], metadata["client_secret"])

    def _register(self, person: Person, web: Client) -> tuple[str, Login]:
        """Register one customer, then sign in once more trusting the browser: its session, and its login."""
        issuer = f"http://localhost:{self.port}"
        query = authorization_query(web.client_id, REDIRECT_URI, SCOPE, person.customer_number)
        first = Browser(issuer, person)
        first.visit(f"{issuer}/authorize?{query}&prompt=create", until=REDIRECT_URI)
        session = cookie_field(first.http.cookies)
        second = Browser(issuer, person, codes_used=first.codes_used)
        second.visit(f"{issuer}/authorize?{query}&prompt=login", until=REDIRECT_URI)
        return session, Login(person.email, person.password, trusted_only(second))


def trusted_only(browser: Browser) -> str:
    """The Cookie field of a browser that is trusted but no longer signed in: all but the session's cookie."""
    kept = {
        each.name: each.value
        for each in browser.http.cookies.jar
        if "session" not in each.name and "interaction" not in each.name
    }
    return "; ".join(f"{name}={value}" for name, value in kept.items())


def customers(count: int) -> list[Person]:
    """Invented private customers with contacts under a domain that cannot exist (RFC 2606 `.example`)."""
    return [
        Person(
            customer_number=f"B{200001 + number}",
            given_name=GIVEN[number % len(GIVEN)],
            family_name="Banco" + chr(ord("a") + number // len(GIVEN)),
            email=f"bench{number}@customers.example",
            password=f"Misura{number}kW7p",
        )
        for number in range(count)
    ]


def tax_code(person: Person, day: int) -> str:
    """A formally valid codice fiscale of a woman born in Rome in January 1980, its check letter computed."""
    consonants = "".join(c for c in person.family_name.upper() if c not in "AEIOU")
    vowels = "".join(c for c in person.family_name.upper() if c in "AEIOU")
    given_consonants = "".join(c for c in person.given_name.upper() if c not in "AEIOU")
    given_vowels = "".join(c for c in person.given_name.upper() if c in "AEIOU")
    stem = (
        f"{(consonants + vowels + 'XXX')[:3]}{(given_consonants + given_vowels + 'XXX')[:3]}80A{day + 40}H501"
    )
    from stdnum.it import codicefiscale

    return stem + codicefiscale.calc_check_digit(stem)


def write_registry(people: list[Person], path: Path) -> Path:
    """The agency registry of these customers as an importable file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.DictWriter(file, REGISTRY_HEADER, restval="")
        rows.writeheader()
        for number, person in enumerate(people):
            rows.writerow(
                {
                    "customer_number": person.customer_number,
                    "profile": "person",
                    "state": "active",
                    "given_name": person.given_name,
                    "family_name": person.family_name,
                    "tax_code": tax_code(person, 1 + number % 28),
                    "birth_date": f"1980-01-{1 + number % 28:02d}",
                    "emails": f"{person.email};2020-01-01",
                    "policies": f"BP{number:06d}:auto:active",
                    "agency_name": "Agenzia Misura",
                    "agency_phone": "+39 06 5550000",
                    "agency_email": "agenzia@agencies.example",
                    "updated_on": "2026-01-01",
                }
            )
    return path
