"""Propositions: what should change, the words that speak for and against it, its dated fate."""
