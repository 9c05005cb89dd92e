"""Retours d'usages: words about a public scheme are heard, understood, and given back.

Every package below is a feature. A feature may import those listed after it, never those before,
never in a circle (`lint-imports` checks it; the order is in pyproject.toml):

    demo          three invented stories, told through the deeds of the features below
    pages         HTML for people without an account: the release that a personal link gives
    operations    what keeps it running: installation, serving, health, jobs, audit, verification
    returns       what became of the words of a workshop, for the wall of the place
    receipts      what witnesses see and do with their receipt code: follow, take back, carry away
    exports       datasets for evaluators: what consent lets out, with ids that link nothing
    figures       tables for everybody: frozen by period, about nobody
    indicators    figures about the whole: natures over time, what each method brought
    traces        the chain from what was said to what was decided, both ways
    withdrawals   words taken back: at once, then wherever they were kept; the ledger
    annotations   what the team says of a draft that is there to be taken apart; answers
    propositions  what should change: the words it rests on, who wrote it, what became of it
    remarks       what evaluators and editors write beside testimonies, excerpts, bundles
    reactions     what recipients answer; what of it witnesses are told; who did not answer yet
    mobilization  who was invited, met, read, committed themselves or declined
    releases      a bundle made readable: snapshot, deliveries, what recipients read
    bundles       chosen passages for one audience, in one form; balance, checks
    audiences     decision makers, and what they want to know before words are given back
    documents     a snapshot as a note, a film, panels, an event's papers
    search        what the caller may see, found by its words; facets
    gate          may this passage leave, to whom, in which form; serves media to the team
    coding        how much is coded with each theme; themes merged into one another
    excerpts      chosen passages, their nature and themes
    moderation    decisions on testimonies; candor: how freely it was said, and what to ask next
    testimonies   the words, and where they are on their way
    appearances   who is seen, heard or named in which moments of a media
    groups        witness groups: members over time, restitution protocols, handover
    witnesses     people, consents, identity vault; the pure `decide`
    transcripts   timed words of a recording, their versions; what a speech engine heard
    uploads       files that come in pieces: the tus protocol
    media         files, and what machines make of them
    codebook      themes
    workshops     workshops, interviews, surveys: one occasion of hearing people; the row of a group
    places        places and territories
    schemes       the public policies that are listened to; the vocabularies
    access        the routes of accounts: sessions, accounts, API tokens, organizations
    calls         one request: who calls, in which transaction, idempotency, the answer
    accounts      organizations, people, roles, permissions, tokens, sessions
    history       versions of what people change: who wrote which, and what became of each word
    audit         who did what, chained so that a change of the past shows
    jobs          work done later
    lineage       which output was made from which inputs
    storage       bytes
    textindex     words to be found, written down by the deeds that own them
    core          settings, database, problems, text rules, pages: tools that know no feature
"""
