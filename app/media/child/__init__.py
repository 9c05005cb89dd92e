"""Scripts that run in a process of their own, on files that nobody trusts.

They import nothing of the application but each other: the interpreter is isolated (`-I`), its
environment empty.
"""
