"""The HTTP API. Nothing outside this package imports Django REST framework."""
