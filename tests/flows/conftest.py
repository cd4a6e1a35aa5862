"""The houses of tests/specs, for what concerns no one specification."""

from tests.specs.conftest import either_house, house, keys

__all__ = ["either_house", "house", "keys"]
