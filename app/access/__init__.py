"""The HTTP side of `accounts`: sessions, accounts, API tokens, organizations.

It is apart because `calls`, which every route needs, stands on `accounts` itself.
"""
