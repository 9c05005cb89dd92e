"""Datasets for evaluators: what consent lets out, row by row, with ids that link nothing.

An export is audited before its first byte, read in short batches, and asks the gate in each.
"""
