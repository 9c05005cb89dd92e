"""What evaluators and editors write beside testimonies, excerpts and bundles, for each other.

A remark is read by who reads what it is about, and may quote it: it is hidden and erased with it.
"""
