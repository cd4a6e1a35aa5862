"""One log format: a JSON object a line, in UTC, on standard error. No personal data is ever given to it."""

import logging
import sys

import structlog


def configure(*, development: bool) -> None:
    """Set the log up, once per process: JSON, or readable lines in development."""
    renderer: structlog.typing.Processor
    if development:
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    else:
        renderer = structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
