"""What a person sees of the host's content, and why: a page for staff who are asked about it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from django.contrib import admin
from django.contrib.admin.utils import quote, unquote
from django.contrib.auth import get_permission_codename, get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, URLPattern, path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from django_personalization import audit
from django_personalization.choices import AuditAction, AuditOrigin, Mode
from django_personalization.content import Content, registered
from django_personalization.interests import ranking_time
from django_personalization.profiles import profile_of
from django_personalization.recommendations import Recommendation, recommend
from django_personalization.validation import shown

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _ModelAdmin = admin.ModelAdmin

MOST: Final = 50


class InspectorMixin(_ModelAdmin):
    """Adds the page to the admin of tags: who may view tags may see what they lead to.

    What is listed is what the person themselves would see, of models that the member of staff may
    view as well. Every look is written down.
    """

    def get_urls(self) -> list[URLPattern]:
        """Return the admin's routes with that of the page."""
        view = self.admin_site.admin_view(self.inspect_view)
        name = f"{self.opts.app_label}_{self.opts.model_name}_inspect"
        return [path("inspect/<path:person>/", view, name=name), *super().get_urls()]

    def inspect_view(self, request: HttpRequest, person: str) -> HttpResponse:
        """Show the most relevant items of a registered model, each with its reasons."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        subject = find_person(unquote(person))
        choices = viewable(request, registered())
        label = request.GET.get("model", choices[0].label if choices else "")
        chosen = next((content for content in choices if content.label == label), None)
        context = {
            **self.admin_site.each_context(request),
            "title": _("What does this person see, and why?"),
            "subtitle": str(subject),
            "opts": self.opts,
            "person": subject,
            "person_key": quote(subject.pk),
            "choices": [(c.label, capfirst(c.model._meta.verbose_name_plural)) for c in choices],
            "chosen": chosen,
            "most": MOST,
        }
        if chosen is None and "model" in request.GET:
            legal = ", ".join(content.label for content in choices) or _("none")
            values = {"value": shown(label), "legal": legal}
            context["problem"] = _("%(value)s is not one of: %(legal)s.") % values
            return self._page(request, context, 400)
        rows = [] if chosen is None else recommend(chosen.model, subject, limit=MOST)
        self._note(request, subject, len(rows))
        return self._page(request, {**context, **self._findings(request, subject, rows)}, 200)

    def _findings(
        self, request: HttpRequest, person: AbstractBaseUser, rows: Iterable[Recommendation]
    ) -> dict[str, Any]:
        profile = profile_of(person)
        return {
            "rows": [(row, self._address(request, row.obj)) for row in rows],
            "mode": Mode(profile.mode),
            "is_off": profile.mode == Mode.NONE,
            "picked": len(profile.picked),
            "inferred": len(profile.inferred),
            "refused": len(profile.refused),
            "as_of": ranking_time(),
        }

    def _note(self, request: HttpRequest, person: AbstractBaseUser, count: int) -> None:
        audit.record(
            AuditAction.INSPECT,
            actor=request.user,  # type: ignore[arg-type]
            origin=AuditOrigin.ADMIN,
            person_counts={person.pk: {"items": count}},
        )

    def _page(self, request: HttpRequest, context: dict[str, Any], status: int) -> HttpResponse:
        request.current_app = self.admin_site.name
        page = "admin/django_personalization/usertag/inspect.html"
        return TemplateResponse(request, page, context, status=status)

    def _address(self, request: HttpRequest, obj: Model) -> str | None:
        """Return the item's own page in this admin, if it has one that the reader may open."""
        page = self.admin_site._registry.get(type(obj))
        if page is None or not page.has_view_or_change_permission(request, obj):
            return None
        name = f"admin:{obj._meta.app_label}_{obj._meta.model_name}_change"
        try:
            return reverse(name, args=[quote(obj.pk)], current_app=self.admin_site.name)
        except NoReverseMatch:
            return None


def find_person(key: str) -> AbstractBaseUser:
    """Return the user with this key; what cannot be a key is as unknown as any other."""
    try:
        person: AbstractBaseUser = get_user_model()._base_manager.get(pk=key)
    except (ObjectDoesNotExist, ValidationError, ValueError, OverflowError) as error:
        raise Http404(_("There is no such person.")) from error
    return person


def viewable(request: HttpRequest, contents: Iterable[Content]) -> list[Content]:
    """Return the models that the member of staff may view, or change, by name."""
    return sorted(
        (
            content
            for content in contents
            if any(_may(request, action, content) for action in ("view", "change"))
        ),
        key=lambda content: content.label,
    )


def _may(request: HttpRequest, action: str, content: Content) -> bool:
    meta = content.model._meta
    codename = f"{meta.app_label}.{get_permission_codename(action, meta)}"
    return request.user.has_perm(codename)
