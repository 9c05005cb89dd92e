"""What the caller may see, found by its words: testimonies, excerpts, transcripts."""
