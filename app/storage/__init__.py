"""Bytes: objects that are written once under a random key, read by ranges, and deleted.

Owns no table: whoever keeps an object keeps its key. For features above: `service.storage()`.
Keys are ours, never made from the name of a file.
"""
