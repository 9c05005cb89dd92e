"""What was done, by whom, when: written in the same transaction as the deed, then chained."""
