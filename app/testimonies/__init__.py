"""What was said, by whom, and where it is on its way: draft, submitted, decided.

For the features above: `service.rights` says which rows a caller sees; a decision on a testimony
is taken in `moderation`.
"""
