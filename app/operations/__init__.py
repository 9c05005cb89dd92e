"""What keeps the service running: installation, health, jobs and audit seen from outside."""
