"""Workshops, interviews and surveys: one occasion of hearing people.

For the features above, before they accept words: `workshop.require_open()`.
"""
