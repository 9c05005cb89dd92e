"""A sheet for the wall of a place: what became of what was said there, in one workshop.

Docs for who hangs it up: docs/returns.md.
"""
