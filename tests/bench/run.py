"""The run itself: every endpoint, every service in turn, round after round: noise falls on all alike."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tests.bench.budgets import PEER
from tests.bench.databases import PostgreSQL
from tests.bench.measured import ROOT, CannotRunError, Cores, Load, Outcome, pin_to
from tests.bench.our_service import OurService
from tests.bench.peer_service import PeerService
from tests.bench.scenarios import SCENARIOS, WITHOUT_DATABASE, password_logins, plan
from tests.bench.services import Service, endpoints

PEER_WARM_UP_SECONDS = 5.0
OUR_WARM_UP_SECONDS = 1.5
TOKEN_CONNECTIONS_UNDER_LOGINS = 4


@dataclass(frozen=True)
class Settings:
    """How much is measured: rounds, seconds of one run, keep-alive connections, and which parts."""

    rounds: int = 5
    seconds: float = 2.0
    connections: int = 8
    endpoints: tuple[str, ...] = tuple(SCENARIOS)
    peer: bool = True
    ours: bool = True
    postgresql: bool = True
    others: bool = True

    def __post_init__(self) -> None:
        if self.rounds < 1 or self.connections < 1 or self.seconds <= 0:
            raise CannotRunError("rounds, seconds and connections must be positive")


@dataclass
class Results:
    """Everything seen: runs by (endpoint, service), and the other figures by (measure, service)."""

    runs: dict[tuple[str, str], list[Outcome]] = field(default_factory=lambda: defaultdict(list))
    values: dict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    faults: list[str] = field(default_factory=list)

    def rate(self, endpoint: str, service: str) -> float | None:
        """The median rate; None when that was not measured."""
        seen = self.runs.get((endpoint, service))
        return median(each.rate for each in seen) if seen else None

    def ratio(self, endpoint: str, service: str) -> float | None:
        """Ours divided by the peer's, medians of this run."""
        ours, peer = self.rate(endpoint, service), self.rate(endpoint, PEER)
        return ours / peer if ours and peer else None

    def cpu_ratio(self, endpoint: str, service: str) -> float | None:
        """The peer's CPU time per unit over ours: what the ratio would be if nobody waited for anything."""
        ours, peer = self.runs.get((endpoint, service)), self.runs.get((endpoint, PEER))
        if not ours or not peer:
            return None
        return median(each.cpu_us for each in peer) / median(each.cpu_us for each in ours)

    def value(self, measure: str, service: str) -> float | None:
        """A ratio for an endpoint, a median of its kind for any other measure."""
        if measure in SCENARIOS:
            return self.ratio(measure, service)
        seen = self.values.get((measure, service))
        return median(seen) if seen else None


Say = Callable[[str], None]


@contextmanager
def services(settings: Settings, cores: Cores, folder: Path, say: Say) -> Iterator[list[Service]]:
    """The services of this run, started; all end with the block."""
    with ExitStack() as closing:
        found: list[Service] = []
        if settings.peer:
            say("peer: npm packages, Valkey, oidc-provider")
            (folder / "peer").mkdir(parents=True)
            peer = PeerService(folder / "peer", cores, settings.connections)
            closing.callback(peer.close)
            say(f"peer: discovery after {peer.start():.2f} s")
            found.append(peer)
        if settings.ours:
            for ours in our_services(settings, cores, folder, closing):
                say(f"{ours.name}: schema, keys, clients, {settings.connections} customers")
                ours.prepare()
                closing.callback(ours.stop)
                say(f"{ours.name}: discovery after {ours.start():.2f} s")
                found.append(ours)
        if not found:
            raise CannotRunError("neither the peer nor our service was asked for")
        yield found


def our_services(settings: Settings, cores: Cores, folder: Path, closing: ExitStack) -> list[OurService]:
    """Our service on both servers and both databases, each with an installation of its own."""
    postgresql: PostgreSQL | None = None
    if settings.postgresql:
        postgresql = PostgreSQL(folder / "postgresql.log", cores.others)
        closing.callback(postgresql.stop)
    made: list[OurService] = []
    for server in ("gunicorn", "granian"):
        for label in ("sqlite", "postgresql") if postgresql else ("sqlite",):
            own = folder / f"{server}-{label}"
            url = f"sqlite:///{own}/idp.sqlite"
            if postgresql and label == "postgresql":
                url = postgresql.create(f"bench_{server}")
            made.append(
                OurService(
                    label=label,
                    server="gunicorn" if server == "gunicorn" else "granian",
                    database_url=url,
                    folder=own,
                    cores=cores,
                    sessions=settings.connections,
                )
            )
    return made


def measured_on(endpoint: str, service: Service) -> bool:
    return not (service.name.endswith("postgresql") and endpoint in WITHOUT_DATABASE)


def measure(endpoint: str, service: Service, settings: Settings, cores: Cores, seconds: float) -> Outcome:
    """One run of one endpoint against one service."""
    scripts = plan(endpoint, service, settings.connections)
    return Load(service.process, service.port, scripts, seconds, cores).outcome()


def measure_endpoints(
    settings: Settings, cores: Cores, started: Sequence[Service], results: Results, say: Say
) -> None:
    """All rounds; an endpoint that a service cannot answer is noted once and left out from then on."""
    broken: set[tuple[str, str]] = set()

    def guarded(endpoint: str, service: Service, seconds: float) -> Outcome | None:
        if (endpoint, service.name) in broken or not measured_on(endpoint, service):
            return None
        try:
            return measure(endpoint, service, settings, cores, seconds)
        except Exception as failure:  # noqa: BLE001  one broken endpoint must not cost the whole run
            broken.add((endpoint, service.name))
            results.faults.append(f"{service.name}, {endpoint}: {failure}")
            say(f"{service.name}, {endpoint}: {failure}")
            return None

    say("warming")
    for endpoint in settings.endpoints:
        for service in started:
            guarded(endpoint, service, PEER_WARM_UP_SECONDS if service.name == PEER else OUR_WARM_UP_SECONDS)
    for number in range(settings.rounds):
        say(f"round {number + 1} of {settings.rounds}")
        # Another one begins each round, so that nobody always follows the same neighbour.
        turn = number % len(started)
        for endpoint in settings.endpoints:
            for service in (*started[turn:], *started[:turn]):
                if seen := guarded(endpoint, service, settings.seconds):
                    results.runs[endpoint, service.name].append(seen)


def hash_rate(seconds: float, cores: Cores) -> float:
    """Bare Argon2id hashes per second on the service's core."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.hashing", str(seconds)],
        cwd=ROOT, capture_output=True, text=True, check=True, preexec_fn=pin_to(cores.service),
    )  # fmt: skip
    return float(done.stdout)


def measure_logins(
    settings: Settings, cores: Cores, started: Sequence[Service], results: Results, say: Say
) -> None:
    """Password sign-ins beside the bare hash rate, and token requests while sign-ins saturate the core."""
    seconds = max(settings.seconds, 4.0)
    for number in range(settings.rounds):
        say(f"logins, round {number + 1} of {settings.rounds}")
        bare = hash_rate(2.0, cores)
        results.values["bare_hash_rate", "machine"].append(bare)
        for service in started:
            if not service.seeds.logins or service.name.endswith("postgresql"):
                continue
            try:
                alone = _logins(service, settings, cores, seconds, whole=False).outcome()
                whole = _logins(service, settings, cores, seconds, whole=True).outcome()
                tokens_alone = _tokens(service, cores, seconds).outcome()
                crowd = _logins(service, settings, cores, seconds + 1.0, whole=True)
                tokens = _tokens(service, cores, seconds).outcome()
                crowded = crowd.outcome()
            except CannotRunError as failure:
                results.faults.append(f"{service.name}, logins: {failure}")
                say(f"{service.name}, logins: {failure}")
                return
            seen = {
                "login_rate": alone.rate,
                "login_share_of_hash_rate": alone.rate / bare,
                "whole_sign_in_rate": whole.rate,
                "whole_sign_in_share_of_hash_rate": whole.rate / bare,
                "login_rate_beside_tokens": crowded.rate,
                "token_rate_alone": tokens_alone.rate,
                "token_rate_under_logins": tokens.rate,
                "token_share_kept_under_logins": tokens.rate / tokens_alone.rate,
                "token_p99_under_logins": tokens.p99_ms,
            }
            for measure_name, value in seen.items():
                results.values[measure_name, service.name].append(value)


def _logins(service: Service, settings: Settings, cores: Cores, seconds: float, *, whole: bool) -> Load:
    scripts = password_logins(service, endpoints(service), settings.connections, whole=whole)
    return Load(service.process, service.port, scripts, seconds, cores)


def _tokens(service: Service, cores: Cores, seconds: float) -> Load:
    scripts = plan("client_credentials", service, TOKEN_CONNECTIONS_UNDER_LOGINS)
    return Load(service.process, service.port, scripts, seconds, cores)


def measure_memory_and_start(
    settings: Settings, cores: Cores, started: Sequence[Service], results: Results, say: Say
) -> None:
    """PSS after load with one and two workers, and the cold start; services end up stopped."""
    for service in started:
        if service.name.endswith("postgresql"):
            continue
        say(f"{service.name}: memory and cold start")
        # One worker and two are both fresh, else their difference would be the traces of what came before.
        service.stop()
        service.start()
        one = _memory(service, cores, settings, results)
        service.stop()
        if service.name != PEER:
            service.start(processes=2)
            two = _memory(service, cores, settings, results)
            service.stop()
            if one and two:
                results.values["memory_each_further", service.name].append(two - one)
        if one:
            results.values["memory_one_worker", service.name].append(one)
        for _ in range(settings.rounds):
            results.values["cold_start", service.name].append(service.start())
            service.stop()


def _memory(service: Service, cores: Cores, settings: Settings, results: Results) -> float | None:
    """PSS in MB after a load that reached every worker; None when the load failed."""
    try:
        for endpoint in ("client_credentials", "sso_code", "discovery"):
            measure(endpoint, service, settings, cores, 2.0)
    except CannotRunError as failure:
        results.faults.append(f"{service.name}, memory: {failure}")
        return None
    return service.process.pss_bytes() / 1e6
