"""Work requested now and done later: a table, and workers which empty it."""
