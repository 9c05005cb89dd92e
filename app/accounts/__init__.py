"""Who acts: organizations, the people who work there, their roles, sessions and API tokens.

For the features above: a `Caller` says `require(permission)`, `owns(Model)` and `sees(…)`.
"""
