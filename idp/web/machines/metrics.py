"""What this process counts, in the format of Prometheus; for the holder of ``service.metrics_token``."""

import hmac

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from idp.flows.idp import Idp
from idp.web.machines.answer import NO_STORE, Answer
from idp.web.machines.call import Call

_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Meters:
    """The counters of one process; each serving process is scraped for itself."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._answers = Counter(
            "idp_answers", "Answers by endpoint and status", ("endpoint", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "idp_answer_seconds",
            "Time to answer by endpoint",
            ("endpoint",),
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._cells: dict[tuple[str, int], tuple[Counter, Histogram]] = {}

    def answered(self, endpoint: str, status: int, seconds: float) -> None:
        """Count one answer."""
        cells = self._cells.get((endpoint, status))
        if cells is None:
            cells = (self._answers.labels(endpoint, str(status)), self._seconds.labels(endpoint))
            self._cells[(endpoint, status)] = cells
        cells[0].inc()
        cells[1].observe(seconds)

    def __call__(self, idp: Idp, call: Call) -> Answer:
        """The counters; without a token in the settings this address does not exist."""
        token = idp.settings.service.metrics_token
        if token is None:
            return Answer(404, NO_STORE)
        expected = f"Bearer {token.get_secret_value()}".encode()
        presented = (call.authorization or "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(presented, expected):
            return Answer(401, (*NO_STORE, ("WWW-Authenticate", 'Bearer realm="metrics"')))
        headers = (("Content-Type", CONTENT_TYPE_LATEST), *NO_STORE)
        return Answer(200, headers, generate_latest(self._registry))
