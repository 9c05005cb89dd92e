"""Schemes: the public policies that are listened to. And vocabularies: the words to sort by.

For the features above: `require_scheme` and `require_terms` refuse what does not exist.
"""
