"""A scheme's words and codings for qualitative software: a REFI-QDA project, `.qdpx`, version 1.0.

`project` writes it while it is read; docs/qda.md says what is in it and what is left out.
"""
