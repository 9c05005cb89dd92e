"""The chain from what was said to what was decided, both ways, as far as the caller may see."""
