"""OpenAPI annotations, which are there only where drf-spectacular is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from drf_spectacular.openapi import AutoSchema as ViewSchema
    from drf_spectacular.utils import OpenApiParameter as Parameter
    from drf_spectacular.utils import extend_schema as describe
    from drf_spectacular.utils import extend_schema_field as describe_field
else:
    try:
        from drf_spectacular.openapi import AutoSchema as ViewSchema
        from drf_spectacular.utils import OpenApiParameter as Parameter
        from drf_spectacular.utils import extend_schema as describe
        from drf_spectacular.utils import extend_schema_field as describe_field
    except ImportError:  # the [openapi] extra is not installed
        from rest_framework.schemas.inspectors import DefaultSchema as ViewSchema

        def describe(*args: Any, **kwargs: Any) -> Any:
            """Describe nothing: return a decorator that leaves the view as it is."""
            return lambda view: view

        Parameter = describe_field = describe


__all__ = ["Parameter", "ViewSchema", "describe", "describe_field"]
