"""OpenAPI annotations, which are there only where drf-spectacular is installed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

View = TypeVar("View")

try:
    from drf_spectacular.openapi import AutoSchema as ViewSchema
    from drf_spectacular.utils import OpenApiParameter as Parameter
    from drf_spectacular.utils import extend_schema as describe
    from drf_spectacular.utils import extend_schema_field as describe_field
except ImportError:  # the [openapi] extra is not installed
    from rest_framework.schemas.openapi import AutoSchema as ViewSchema

    class Parameter:  # type: ignore[no-redef]
        """Stands in for a description that nobody will read."""

        QUERY = "query"

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            """Forget what was described."""

    def describe(*args: Any, **kwargs: Any) -> Callable[[View], View]:
        """Describe nothing."""
        return lambda view: view

    describe_field = describe


__all__ = ["Parameter", "ViewSchema", "describe", "describe_field"]
