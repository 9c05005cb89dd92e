"""Schemathesis makes requests from the OpenAPI document: the answers are those it describes."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from schemathesis import Case
from schemathesis.checks import CheckFunction
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.accounts.permissions import Role
from app.core.edge import Edge
from app.core.settings import settings
from tests.make import Make
from tests.releases.conftest import bundle, composed, consented, excerpt, payload_of, release, token

__all__ = ["bundle", "composed", "consented", "excerpt", "payload_of", "release", "token"]

ROLES = (Role.ADMINISTRATOR, Role.EDITOR, Role.ANIMATOR, Role.EVALUATOR, Role.CUSTODIAN)
EXAMPLES = 2  # of each operation; each role sends them all
PARTS = 2  # as many processes share the operations
schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
CHECKS: list[CheckFunction] = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture
def existing(make: Make, bundle: dict[str, Any], release: dict[str, Any], excerpt: Any) -> Any:
    """Ids that are somebody's, by the name of their path parameter."""
    return {
        "organization_id": make.organization().id,
        "scheme_id": make.the_scheme.id,
        "place_id": make.place().id,
        "territory_id": make.territory().id,
        "theme_id": make.theme().id,
        "workshop_id": make.workshop().id,
        "witness_id": make.witness().id,
        "testimony_id": excerpt.testimony_id,
        "excerpt_id": excerpt.id,
        "bundle_id": bundle["id"],
        "release_id": release["id"],
        "name": "methods",
        "code": "video",
    }


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_the_api_keeps_what_its_description_promises(
    app: FastAPI, make: Make, existing: dict[str, Any], part: int
) -> None:
    wrong: list[str] = []
    tokens = {role: make.token(make.account(role=role)) for role in ROLES}
    with TestClient(Edge(app, settings()), raise_server_exceptions=False) as client:
        schema = schemathesis.openapi.from_dict(app.openapi())
        for found in islice(schema.get_all_operations(), part, None, PARTS):
            operation: Any = found.ok()  # type: ignore[union-attr]
            for known in ({}, existing):
                wrong += _try(operation, client, tokens, known)
    assert not wrong, "\n\n".join(wrong)


def _try(
    operation: Any, client: TestClient, tokens: dict[Role, str], known: dict[str, Any]
) -> Iterator[str]:
    """What is wrong with its answers; once, for one cause often shows many times."""
    wrong: list[str] = []

    @given(case=operation.as_strategy())
    @hypothesis_settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def attempt(case: Case[Any]) -> None:
        for name in case.path_parameters.keys() & known.keys():
            case.path_parameters[name] = str(known[name])
        request = case.as_transport_kwargs(base_url="http://testserver")
        sent = {k: v for k, v in request.items() if k not in ("cookies", "headers")}
        if isinstance(sent.get("data"), bytes):
            sent["content"] = sent.pop("data")  # what httpx2 calls it
        for role, secret in tokens.items():
            headers = {**request["headers"], "Authorization": f"Bearer {secret}"}
            response = client.request(**sent, headers=headers)
            response.request.read()  # schemathesis looks at what was sent
            wrong.extend(_complaints(case, response, role))

    attempt()
    yield from wrong[:1]


def _complaints(case: Case[Any], response: Any, role: Role) -> Iterator[str]:
    try:
        case.validate_response(response, checks=CHECKS)
    except schemathesis.errors.SchemathesisError as error:
        yield f"As {role}: {error}"
    except BaseExceptionGroup as error:
        yield f"As {role}, {case.operation.label}: {[str(e)[:400] for e in error.exceptions]}"
