"""Excerpts: passages worth giving back, their nature and their themes."""
