"""Write ``idp/accounts/common_passwords.bin``: ``python -m tests.data.make_common_passwords``.

Wants ``zxcvbn`` 4.5.0 installed. Sources: its frequency lists (MIT; passwords from public breaches, first
names, the most frequent English words) and ``common_italian.txt`` beside this file (ours). Run again after
changing either, and commit the result.
"""

from importlib import import_module
from pathlib import Path

from idp.accounts.guessable import SHORTEST_WORD, folded, prefix_of

HERE = Path(__file__).parent
WRITTEN = HERE.parents[1] / "idp" / "accounts" / "common_passwords.bin"
# How many of each list: a breach names passwords, the other lists only what one is made of.
TAKEN = {"passwords": 30_000, "female_names": 4_000, "male_names": 1_000, "english_wikipedia": 2_000}


def words() -> set[str]:
    """Every word of the list, folded."""
    lists = import_module("zxcvbn.frequency_lists").FREQUENCY_LISTS
    found = {folded(word) for word in (HERE / "common_italian.txt").read_text("utf-8").split()}
    for name, count in TAKEN.items():
        taken = lists[name].split(",") if isinstance(lists[name], str) else list(lists[name])
        found.update(folded(word) for word in taken[:count])
    return {word for word in found if len(word) >= SHORTEST_WORD}


if __name__ == "__main__":
    WRITTEN.write_bytes(b"".join(sorted({prefix_of(word) for word in words()})))
