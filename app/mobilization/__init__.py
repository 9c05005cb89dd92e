"""Mobilization: who was invited, met, or committed themselves. A log that only grows."""
