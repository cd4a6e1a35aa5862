"""The two providers every relying party is run against."""

from collections.abc import Iterator

import pytest

from tests.parts.node import Node
from tests.service.running import RunningService
from tests.third_party import provider as providers


@pytest.fixture(scope="session")
def reference_provider(
    node: Node, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[providers.ReferenceProvider]:
    """npm oidc-provider, certified: the control."""
    with providers.reference_provider(node, tmp_path_factory.mktemp("reference") / "log") as provider:
        yield provider


@pytest.fixture(scope="session")
def our_provider(running_service: RunningService) -> providers.OurProvider:
    """Our service, with a resource server."""
    return providers.OurProvider(running_service)


@pytest.fixture(params=["running_service", "reference_provider"])
def provider(request: pytest.FixtureRequest) -> providers.Provider:
    """Our service, then the control; the test runs once on each of the two."""
    fixture = "our_provider" if request.param == "running_service" else request.param
    found: providers.Provider = request.getfixturevalue(fixture)
    return found
