"""Decisions on testimonies: accept, return to the animator, or reject; each with its reason.

And candor: how freely the words were said, for the team alone; docs/candor.md explains it.
"""
