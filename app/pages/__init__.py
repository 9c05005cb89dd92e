"""Pages for people without an account, in French: the release that a personal link gives.

They work without JavaScript, ask nothing of another host, and are meant for a phone and a few
minutes. `render` makes them from plain values; `routes` serves them.
"""
