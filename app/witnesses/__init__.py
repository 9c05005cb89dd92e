"""The people who speak: who they are to us, and what they consent to."""
