"""Reactions: what recipients answer to a release, and what of it witnesses are told.

Docs for who answers and who moderates: docs/reactions.md.
"""
