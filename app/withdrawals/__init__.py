"""Words taken back: at once through the gate, then, by a job, wherever they were kept.

`withdraw` is the deed, of a witness or of the staff who writes it down for them. `purge` undoes
what was made of the words, by lineage, through every feature it knows; `ledger` keeps, outside the
database, what must be done again after a backup is restored.
"""
