"""The one error that parsing a value can raise."""


class Malformed(ValueError):
    """The text is not a value of the wanted kind.

    ``reason`` is a stable code (``invalid_email``, ``invalid_mobile`` …); the text itself is never repeated,
    since it may be personal data on its way to a log.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
