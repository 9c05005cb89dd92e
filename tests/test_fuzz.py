"""Schemathesis makes requests from the OpenAPI document: the answers are those it describes."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from schemathesis import Case, Response
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
EXAMPLES = 4  # of each operation, for each role
CHECKS: list[CheckFunction] = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
