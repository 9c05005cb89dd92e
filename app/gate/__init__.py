"""May this passage leave, to whom, in which form? Gathers the facts, asks `witnesses.decide`.

Asked at serve time for every way out, and cached nowhere. `judge` is for passages shown in a
bundle; the routes here serve media to the team.
"""
