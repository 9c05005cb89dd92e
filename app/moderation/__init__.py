"""Decisions on testimonies: accept, return to the animator, or reject; each with its reason."""
