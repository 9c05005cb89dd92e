"""What the team says of a draft that is there to be taken apart, part by part, and the answers.

The French trade calls such a draft a « martyr ». An annotation is written and answered while its
subject is one, and read ever after, unless the words that it may quote are taken back.
"""
