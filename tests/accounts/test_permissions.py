"""Who may do what, as the table of design/trust.md says: a change here is a decision."""

import pytest

from app.accounts.permissions import EVERYWHERE, GRANTS, WORDS, Permission, Role, Sight

CAPTURE = "run_workshops hear_witnesses write_testimonies withdraw read_consent_proof"
MAY = {
    "animator": f"{CAPTURE} disclose_identity assess study tell_witnesses",
    "editor": "moderate code compose propose read_bundles remark manage_frame assess study "
    "tell_witnesses",
    "evaluator": "read_bundles remark export study",
    "custodian": "disclose_identity read_consent_proof withdraw hold export read_audit "
    "verify_audit",
    "administrator": "manage_accounts manage_frame verify_audit read_jobs",
    "integration": CAPTURE,
}
SEES = {
    "animator": "own",
    "editor": "submitted",
    "evaluator": "accepted",
    "custodian": "none",
    "administrator": "none",
    "integration": "own",
}


@pytest.mark.parametrize("role", Role)
def test_a_role_may_do_what_was_decided(role: Role) -> None:
    assert GRANTS[role] == set(MAY[role].split())
    assert WORDS[role] == SEES[role]


def test_every_role_was_thought_of() -> None:
    assert GRANTS.keys() == WORDS.keys() == set(Role) == MAY.keys()
    alone = {Permission.FOLLOW_UP}  # no role has it: an administrator grants it to an account
    assert set().union(*GRANTS.values()) == set(Permission) - alone


def test_who_manages_accounts_sees_no_words_and_who_reads_words_manages_no_accounts() -> None:
    for role in Role:
        if Permission.MANAGE_ACCOUNTS in GRANTS[role]:
            assert WORDS[role] is Sight.NONE
            assert role not in EVERYWHERE


def test_only_the_custodian_reads_the_audit_log() -> None:
    assert [r for r in Role if Permission.READ_AUDIT in GRANTS[r]] == [Role.CUSTODIAN]


def test_who_seeks_identities_is_who_heard_them_or_the_custodian() -> None:
    granted = {role for role in Role if Permission.DISCLOSE_IDENTITY in GRANTS[role]}
    assert granted == {Role.ANIMATOR, Role.CUSTODIAN}
