"""Who may do what, and whose words who sees, on one screen. A permission starts here only."""

from enum import StrEnum


class Permission(StrEnum):
    """One thing that somebody may be allowed to do."""

    RUN_WORKSHOPS = "run_workshops"  # plan, change, close those of one's own organization
    HEAR_WITNESSES = "hear_witnesses"  # register people, note their consents
    WRITE_TESTIMONIES = "write_testimonies"
    WITHDRAW = "withdraw"  # write down that a witness takes words back
    READ_CONSENT_PROOF = "read_consent_proof"
    DISCLOSE_IDENTITY = "disclose_identity"
    MODERATE = "moderate"
    ASSESS = "assess"  # read and note how freely words were said
    STUDY = "study"  # figures about the whole, candor included
    CODE = "code"  # themes and excerpts
    COMPOSE = "compose"  # bundles, their releases and deliveries
    PROPOSE = "propose"  # propositions, and what became of them
    TELL_WITNESSES = "tell_witnesses"  # what became of what was said in a workshop that one sees
    READ_BUNDLES = "read_bundles"  # and propositions
    REMARK = "remark"  # beside testimonies, excerpts and bundles that one sees
    EXPORT = "export"
    FOLLOW_UP = "exports:follow-up"  # ids that are the same from one export to the next
    MANAGE_FRAME = "manage_frame"  # schemes, vocabularies, places, territories, notices
    MANAGE_ACCOUNTS = "manage_accounts"
    HOLD = "hold"  # legal holds
    READ_AUDIT = "read_audit"
    VERIFY_AUDIT = "verify_audit"
    READ_JOBS = "read_jobs"


class Role(StrEnum):
    """What an account is trusted with."""

    ANIMATOR = "animator"
    EDITOR = "editor"
    EVALUATOR = "evaluator"
    CUSTODIAN = "custodian"
    ADMINISTRATOR = "administrator"
    INTEGRATION = "integration"


class Sight(StrEnum):
    """Whose words somebody sees."""

    OWN = "own"  # heard in one's own organization's places, or filmed by it elsewhere
    SUBMITTED = "submitted"  # everybody's, once handed to the editors
    ACCEPTED = "accepted"  # everybody's, once accepted
    CASE = "case"  # everybody's, but what was withdrawn: a custodian who said why
    NONE = "none"


P = Permission
CAPTURE = {
    *(P.RUN_WORKSHOPS, P.HEAR_WITNESSES, P.WRITE_TESTIMONIES),
    *(P.WITHDRAW, P.READ_CONSENT_PROOF),
}

GRANTS: dict[Role, frozenset[Permission]] = {
    Role.ANIMATOR: frozenset({*CAPTURE, P.DISCLOSE_IDENTITY, P.ASSESS, P.STUDY, P.TELL_WITNESSES}),
    Role.EDITOR: frozenset(
        {
            *(P.MODERATE, P.CODE, P.COMPOSE, P.PROPOSE, P.READ_BUNDLES, P.REMARK),
            *(P.MANAGE_FRAME, P.ASSESS, P.STUDY, P.TELL_WITNESSES),
        }
    ),
    Role.EVALUATOR: frozenset({P.EXPORT, P.READ_BUNDLES, P.REMARK, P.STUDY}),
    Role.CUSTODIAN: frozenset(
        {
            *(P.DISCLOSE_IDENTITY, P.READ_CONSENT_PROOF, P.WITHDRAW, P.HOLD),
            *(P.EXPORT, P.READ_AUDIT, P.VERIFY_AUDIT),
        }
    ),
    Role.ADMINISTRATOR: frozenset({P.MANAGE_ACCOUNTS, P.MANAGE_FRAME, P.VERIFY_AUDIT, P.READ_JOBS}),
    Role.INTEGRATION: frozenset(CAPTURE),
}


def granted(role: Role, *, follows_up: bool) -> frozenset[Permission]:
    """What an account may do: by its role, and by the right that an administrator adds to it.

    Who may not export has no use for the right.
    """
    grants = GRANTS[role]
    return grants | {P.FOLLOW_UP} if follows_up and P.EXPORT in grants else grants


WORDS: dict[Role, Sight] = {
    Role.ANIMATOR: Sight.OWN,
    Role.EDITOR: Sight.SUBMITTED,
    Role.EVALUATOR: Sight.ACCEPTED,
    Role.CUSTODIAN: Sight.NONE,  # CASE with an X-Reason
    Role.ADMINISTRATOR: Sight.NONE,
    Role.INTEGRATION: Sight.OWN,
}

# Workshops and witnesses (pseudonymous): who sees them everywhere, and not only at home.
EVERYWHERE = frozenset({Role.EDITOR, Role.EVALUATOR, Role.CUSTODIAN})
