"""What the people for whom a bundle is made said that they wait for."""

from collections.abc import Iterator

from app.bundles.checks.case import Case, Finding, finding


def none_asked(case: Case) -> Iterator[Finding]:
    """Nobody asked this audience what it waits for."""
    [label] = case.named("audiences", [case.bundle.audience])
    message = f"Aucune attente n'a été recueillie auprès de ce public ({label})."
    yield finding("no-expectation", message)
