"""Personalization for Django sites: seed, pick, track, rank and control."""

__version__ = "0.1.0"
