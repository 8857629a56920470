"""Template tags for hosts."""
