"""All that an evaluation of a scheme needs, in one zip whose files can be joined.

`pack` writes it while it is read; docs/evaluation.md says what is in it and how to count again.
"""
