"""Indicators: figures about the whole, which docs/indicators.md defines one by one.

They count what the caller may read, and what was accepted. Small cells are told to evaluators only.
"""
