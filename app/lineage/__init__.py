"""Which output was made from which inputs, so that what is withdrawn is undone everywhere.

An output and its inputs are rows of any feature, named by their table and id; this one knows none
of them. `made` is called in the transaction of the deed, `made_from` walks down from what was said.
"""
