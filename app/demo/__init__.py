"""The demo: three stories, told through the real deeds. Every person and every word is invented."""
