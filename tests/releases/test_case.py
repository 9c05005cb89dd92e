"""A custodian who said why reads bundles and their releases."""

from typing import Any

from fastapi.testclient import TestClient

API = "/api/v1"


def test_bundles_and_releases_are_read_on_a_case(
    as_custodian: TestClient, release: dict[str, Any], bundle: dict[str, Any]
) -> None:
    paths = (
        f"{API}/bundles/{bundle['id']}",
        f"{API}/bundles/{bundle['id']}/releases",
        f"{API}/releases/{release['id']}",
    )
    for path in paths:
        assert as_custodian.get(path).status_code == 404
        response = as_custodian.get(path, headers={"X-Reason": "A complaint"})
        assert response.status_code == 200, path
