"""What checks find."""

from typing import Any
from uuid import UUID


def finding(code: str, message: str, item_id: UUID | None = None, **facts: Any) -> dict[str, Any]:
    """A `Finding`: a code, what people read, the item it is about, and the facts behind it."""
    return {"code": code, "message": message, "item_id": item_id, "facts": facts}
