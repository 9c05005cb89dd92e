"""The application, when what is written is not indexed: what an index costs is the difference."""

from typing import Any

from app.main import create_server
from app.textindex import service


def create() -> Any:
    """The application, whose testimonies are found by nobody."""
    service.put = lambda *_, **__: None
    return create_server()
