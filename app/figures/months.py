"""Months, as `2026-11`, in UTC."""

from datetime import UTC, datetime, timedelta

SETTLED = timedelta(days=1)  # what was being decided at midnight is committed


def last_over(at: datetime) -> str:
    """The last month that is over, and settled, at this moment."""
    this = (at.astimezone(UTC) - SETTLED).replace(day=1)
    return f"{this - timedelta(days=1):%Y-%m}"


def after(month: str) -> str:
    """The next one."""
    return f"{end(month):%Y-%m}"


def end(month: str) -> datetime:
    """The moment when it is over."""
    first = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    return (first + timedelta(days=31)).replace(day=1)
