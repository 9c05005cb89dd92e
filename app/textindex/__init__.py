"""Words to be found: what the deeds that own a text have written down of it.

A deed that writes words calls `service.put` in its transaction, one that erases them `remove`.
Who may find what is decided above, in `search`: nothing is read from here but numbers.
"""
