"""Versions of things that people change: who wrote which, when, and what became of each word.

The version that holds lives in the row of its feature; what is kept here is what it was before. A
feature takes a `snapshot` before a deed and another after it, and `keep`s both in the transaction
of the deed: what was never changed costs nothing. It says in which `state` the thing stood, so that
who could not read a version then cannot read it now, and whose words they are, for `lineage`.
"""
