"""Tables for everybody: what was heard, in shares, frozen by period.

They are a closed list, are counted once, of testimonies that no other period counts, and are about
nobody: docs/figures.md says why.
"""
