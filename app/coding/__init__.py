"""What is coded with which theme: how much, and where it goes when themes are merged."""
