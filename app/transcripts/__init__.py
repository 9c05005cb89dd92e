"""Timed words of a recording, their versions, and what machines heard.

Owns: transcripts, and requests to the speech engine. Uses: media, jobs, audit, lineage, accounts.
For features above: `service` once they have decided that somebody may read or write the words, and
`formats`. It has no routes: `gate` does, for a transcript is the words of a witness.

A transcript has segments, in order. Its plain text is theirs, joined by one line feed: offsets are
code points of that. The newest approved transcript of a media is the current one; it is what is
quoted, and what captions are made of. A machine's never changes: a correction is a child of it.
"""
