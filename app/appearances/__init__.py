"""Who is seen, heard or named in which moments of a media.

Everyone who appears in a passage must consent to it: `queries` says it in SQL, `gate` in facts.
"""
