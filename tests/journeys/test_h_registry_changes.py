"""Journey H while the registry changes: what a recovery was shown is asked anew before it counts."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.journeys.recovery_walks import EMAIL, MOBILE, activated, issued, run, to_verify
from tests.journeys.test_l_life_of_an_account import imports
from tests.service.in_process import InProcess


@pytest.fixture
def service(service: InProcess) -> InProcess:
    """The service, with Maria registered by her email."""
    service.register(service.visitor())
    service.post()
    return service


def test_h3_a_contact_that_left_the_registry_meanwhile_recovers_nothing(
    service: InProcess, tmp_path: Path
) -> None:
    visitor = to_verify(service, MOBILE)
    code = service.code_for(MOBILE)
    imports(service, tmp_path, mobiles="")
    visitor.press(code=code)
    assert (visitor.page, visitor.faults) == ("recover-verify", ["code"])
    visitor.get("/recover/password")
    assert visitor.page == "recover-verify"


def test_h3_a_contact_that_changed_meanwhile_recovers_nothing(service: InProcess, tmp_path: Path) -> None:
    visitor = to_verify(service, MOBILE)
    code = service.code_for(MOBILE)
    today = datetime.fromtimestamp(service.clock.now(), UTC).date()
    imports(service, tmp_path, mobiles=f"{MOBILE};{today}")
    visitor.press(code=code)
    assert (visitor.page, visitor.faults) == ("recover-verify", ["code"])


def test_h3_what_else_changes_there_is_no_matter(service: InProcess, tmp_path: Path) -> None:
    visitor = to_verify(service, MOBILE)
    code = service.code_for(MOBILE)
    imports(service, tmp_path, agency_name="Agenzia Nuova")
    visitor.press(code=code)
    assert visitor.page == "recover-second"


def test_an_activation_code_of_somebody_who_died_recovers_nothing(service: InProcess, tmp_path: Path) -> None:
    code = issued(service)
    imports(service, tmp_path, state="deceased")
    # As it is where the registry is another system's, and nobody has reconciled yet.
    run(service, "UPDATE accounts SET state = 'active'")
    visitor = activated(service, code)
    assert (visitor.page, visitor.faults) == ("recover-activate", ["activation_code"])
    assert EMAIL not in visitor.last.text
