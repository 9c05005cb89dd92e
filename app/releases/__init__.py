"""A bundle made readable: an immutable snapshot, given to recipients by personal links.

What is served is the snapshot minus what the gate blocks at that very moment.
"""
