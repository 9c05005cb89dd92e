"""Where people are heard: places, in territories that lie one within the other.

For the features above: `within` (a territory and all below it) and `ancestors` (by level).
"""
