"""Decision makers, what they can act on, and what they want to know before words are given back.

The directory tells functions, never names: how to reach a person is in the vault. `suggestions`
says who can act on a theme, in a territory, and why; `expectations` keeps what was asked; and
`material` says whether anything that was heard could answer.
"""
