"""Documents: a snapshot as a note, a film, panels, an event's papers.

They know no database: what is shown was decided in the snapshot, and what may be shown is asked by
`releases`, which keeps the files. The same edition makes the same bytes, on one machine.
"""
