"""The neutral brand portal and app wear: colours and mark."""

from pathlib import Path

FOLDER = Path(__file__).parent / "files"
"""What both serve under `/brand/`."""
