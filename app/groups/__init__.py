"""Witness groups: their members over time, the protocols they adopt, and who runs them.

A protocol says how the group's words may be given back. The newest adopted one binds what is heard
in the group's workshops, whatever each member consents to: it can only restrict.
"""
