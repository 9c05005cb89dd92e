"""Bundles: chosen passages for one audience, in one form; their balance and their checks."""
