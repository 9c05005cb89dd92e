"""How fast the service is, beside the least that the same work can cost."""
