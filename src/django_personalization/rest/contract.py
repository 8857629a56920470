"""What every view of the API has in common, whatever the host's own defaults are.

Only authentication is the host's. Everything else that shapes a request or a response is chosen
here, so that a host's page size, renderers, throttles or versioning cannot change the contract.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any, NoReturn, cast

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ObjectDoesNotExist, RequestDataTooBig
from django.http import Http404
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, ParseError, ValidationError
from rest_framework.metadata import SimpleMetadata
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView, exception_handler

from django_personalization.conf import app_settings
from django_personalization.exceptions import InvalidInput
from django_personalization.redaction import redact
from django_personalization.rest.schema import ViewSchema
from django_personalization.validation import no_object


class PayloadTooLarge(APIException):
    """The body is larger than the host's DATA_UPLOAD_MAX_MEMORY_SIZE."""

    status_code = 413
    default_code = "payload_too_large"

    def __init__(self) -> None:
        """Name the limit."""
        limit = f"{settings.DATA_UPLOAD_MAX_MEMORY_SIZE:,}"
        super().__init__(_("The body is larger than %s bytes.") % limit)


class ObjectParser(JSONParser):
    """Reads a JSON object: of bounded size, of any depth without failing, without NaN."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        body = self._read(stream)
        try:
            data = json.loads(body, parse_constant=self._refuse_constant) if body.strip() else {}
        except RecursionError as error:
            raise ParseError(_("The JSON is nested too deeply.")) from error
        except ValueError as error:
            raise ParseError(_("This is not JSON: %s") % ascii(str(error))[1:-1]) from error
        if not isinstance(data, dict):
            raise ParseError(no_object(data))
        return data

    @staticmethod
    def _read(stream: IO[Any]) -> bytes:
        limit: int | None = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if limit is None:
            return cast(bytes, stream.read())
        body = cast(bytes, stream.read(limit + 1))
        if len(body) > limit:
            raise PayloadTooLarge
        return body

    @staticmethod
    def _refuse_constant(name: str) -> None:
        raise ParseError(_("%s is not a number in JSON.") % name)


class StrictRenderer(JSONRenderer):
    """JSON as the contract promises it: UTF-8, compact, finite numbers."""

    ensure_ascii = False
    compact = True
    strict = True

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> Any:
        try:
            return super().render(data, accepted_media_type, renderer_context)
        except UnicodeEncodeError:  # REST framework's refusals quote lone surrogates as they came
            return EscapingRenderer().render(data, accepted_media_type, renderer_context)


class EscapingRenderer(StrictRenderer):
    """The same in ASCII, which can say what UTF-8 cannot."""

    ensure_ascii = True


class JSONNegotiation(DefaultContentNegotiation):
    """Always answers in JSON, whatever the client says it accepts."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> Any:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


class ScopedThrottle(SimpleRateThrottle):
    """Limits each person by id and each stranger by the address of the connection.

    ``X-Forwarded-For`` is ignored: a client can write into it what it likes. Rates come from
    ``THROTTLE_RATES``, by the view's ``throttle_scope``.
    """

    def __init__(self) -> None:
        """Read nothing: the rate depends on the view."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        self.scope = cast(ContractView, view).throttle_scope
        rate = app_settings.throttle_rates[self.scope]
        if rate is None:
            return True
        self.rate = rate
        self.num_requests, self.duration = self.parse_rate(rate)
        return super().allow_request(request, view)

    def get_cache_key(self, request: Request, view: APIView) -> str:
        pk = getattr(request.user, "pk", None)
        who = f"user-{pk}" if pk is not None else f"address-{request.META.get('REMOTE_ADDR')}"
        return f"django-personalization-throttle-{self.scope}-{who}"


class ContractView(APIView):
    """The root of all views: people see their own data, as JSON, and nobody caches it."""

    schema = ViewSchema()
    renderer_classes = [StrictRenderer]
    parser_classes = [ObjectParser]
    permission_classes: Any = [IsAuthenticated]
    throttle_classes = [ScopedThrottle]
    throttle_scope = "default"
    content_negotiation_class = JSONNegotiation
    metadata_class = SimpleMetadata
    versioning_class = None

    @property
    def person(self) -> AbstractBaseUser:
        """The signed-in person whose data this is."""
        return cast(AbstractBaseUser, self.request.user)

    def get_exception_handler(self) -> Any:
        return handle_exception

    def raise_uncaught_exception(self, exc: Exception) -> NoReturn:
        """Let the error out without what the request held."""
        redact(exc)
        super().raise_uncaught_exception(exc)

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        final = super().finalize_response(request, response, *args, **kwargs)
        self.set_cache_headers(final)
        return final

    def set_cache_headers(self, response: Any) -> None:
        """Keep personal data out of every cache."""
        patch_cache_control(response, private=True, no_store=True)


def handle_exception(exception: Exception, context: dict[str, Any]) -> Response | None:
    """Answer as REST framework does by default; what a write door refused is a 400."""
    if isinstance(exception, InvalidInput):
        exception = ValidationError(exception.errors)
    elif isinstance(exception, ObjectDoesNotExist):  # gone since it was looked up
        exception = Http404()
    elif isinstance(exception, RequestDataTooBig):
        exception = PayloadTooLarge()
    return exception_handler(exception, context)
