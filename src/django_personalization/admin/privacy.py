"""All that is known about one person, on one page: how much it is, to export, reset and erase.

People are the host's model. The page is reached from the tags, and a host adds the actions
:func:`export_personalization` and :func:`erase_personalization` to its own admin of users.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable, Mapping
from typing import IO, TYPE_CHECKING, Any, Final, cast

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import quote, unquote
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from django_personalization import privacy
from django_personalization.admin.inspector import find_person
from django_personalization.admin.pages import may_erase_person, may_see_person
from django_personalization.choices import AuditOrigin
from django_personalization.personal_data import PersonalData, registered_personal_data

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _ModelAdmin = admin.ModelAdmin

MOST_PEOPLE: Final = 100
"""For how many people at once an action exports or erases."""


class PersonPagesMixin(_ModelAdmin):
    """Adds to the admin of tags the pages of a person's data."""

    def get_urls(self) -> list[URLPattern]:
        """Return the admin's routes with those of the pages."""
        views: dict[str, Callable[..., HttpResponseBase]] = {
            "": self.person_view,
            "export/": self.export_view,
            "reset/": self.reset_view,
            "erase/": self.erase_view,
        }
        prefix = f"{self.opts.app_label}_{self.opts.model_name}_person"
        own = [
            path(
                f"person/<str:person>/{ending}",
                self.admin_site.admin_view(view),
                name="_".join(filter(None, [prefix, ending.strip("/")])),
            )
            for ending, view in views.items()
        ]
        return [*own, *super().get_urls()]

    @method_decorator(require_http_methods(["GET"]))
    def person_view(self, request: HttpRequest, person: str) -> HttpResponseBase:
        """Show how much is known, with what can be done about it."""
        subject = _subject(request, person, may_see_person)
        context = {
            "title": _("This person’s data"),
            "counts": self._counts(request, subject),
            "may_erase": may_erase_person(request),
        }
        return self._person_page(request, subject, "person", context)

    @method_decorator(require_http_methods(["POST"]))
    def export_view(self, request: HttpRequest, person: str) -> HttpResponseBase:
        """Send everything as a file, and note that it was sent."""
        subject = _subject(request, person, may_see_person)
        return privacy.export_response(
            request, subject, origin=AuditOrigin.ADMIN, actor=_actor(request)
        )

    @method_decorator(require_http_methods(["GET", "POST"]))
    def reset_view(self, request: HttpRequest, person: str) -> HttpResponseBase:
        """Forget what was observed and inferred, once that has been confirmed."""
        subject = _subject(request, person, may_erase_person)
        if request.method == "POST":
            counts = privacy.reset_profile(subject, origin=AuditOrigin.ADMIN, actor=_actor(request))
            return self._done(request, subject, _("Forgotten: %s."), counts)
        context = {
            "title": _("Forget what was observed and inferred"),
            "question": _(
                "The history goes, and the inferred tags that the person has neither removed nor "
                "hidden. What the person said stays: picked, removed and hidden tags, and settings."
            ),
            "counts": self._counts(request, subject),
        }
        return self._person_page(request, subject, "confirm", context)

    @method_decorator(require_http_methods(["GET", "POST"]))
    def erase_view(self, request: HttpRequest, person: str) -> HttpResponseBase:
        """Erase everything, once that has been confirmed."""
        subject = _subject(request, person, may_erase_person)
        if request.method == "POST":
            counts = privacy.erase_profile(subject, origin=AuditOrigin.ADMIN, actor=_actor(request))
            return self._done(request, subject, _("Erased: %s."), counts)
        context = {
            "title": _("Erase everything"),
            "question": _(
                "All of it goes: tags, also those removed and hidden, history and settings, a "
                "refused consent included. The account stays, and so does the audit."
            ),
            "counts": self._counts(request, subject),
        }
        return self._person_page(request, subject, "confirm", context)

    def _counts(
        self, request: HttpRequest, person: AbstractBaseUser
    ) -> list[tuple[Any, int, str | None]]:
        """Return what there is: its name, how much, and where it can be read, if it can."""
        counts = privacy.count_profile(person)
        return [
            (
                data.model._meta.verbose_name_plural,
                counts[data.name],
                self._rows_address(request, data, person),
            )
            for data in registered_personal_data()
        ]

    def _rows_address(
        self, request: HttpRequest, data: PersonalData, person: AbstractBaseUser
    ) -> str | None:
        rows = self.admin_site._registry.get(data.model)
        if rows is None or not rows.has_view_or_change_permission(request):
            return None
        meta = data.model._meta
        name = f"admin:{meta.app_label}_{meta.model_name}_changelist"
        address = reverse(name, current_app=self.admin_site.name)
        return f"{address}?{urlencode({data.person: person.pk})}"

    def _person_page(
        self, request: HttpRequest, person: AbstractBaseUser, name: str, context: dict[str, Any]
    ) -> TemplateResponse:
        request.current_app = self.admin_site.name
        shared = {
            **self.admin_site.each_context(request),
            "subtitle": str(person),
            "opts": self.opts,
            "person": person,
            "person_key": quote(person.pk),
        }
        template = f"admin/django_personalization/usertag/{name}.html"
        return TemplateResponse(request, template, {**shared, **context})

    def _done(
        self, request: HttpRequest, person: AbstractBaseUser, said: Any, counts: Mapping[str, int]
    ) -> HttpResponseRedirect:
        self.message_user(request, said % _listed(counts), messages.SUCCESS)
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_person"
        address = reverse(name, args=[quote(person.pk)], current_app=self.admin_site.name)
        return HttpResponseRedirect(address)


@admin.action(description=_("Export personalization data of selected people"))
def export_personalization(
    modeladmin: admin.ModelAdmin[Any], request: HttpRequest, queryset: QuerySet[Any]
) -> HttpResponseBase | None:
    """Send what is known about the selected people: one file, or an archive with one for each.

    For the admin of a host's users. Needs the permissions to view tags and interactions.
    """
    people = _chosen(modeladmin, request, queryset, may_see_person)
    if not people:
        return None
    if len(people) == 1:
        return privacy.export_response(
            request, people[0], origin=AuditOrigin.ADMIN, actor=_actor(request)
        )
    return _archive(request, people)


@admin.action(description=_("Erase personalization data of selected people"))
def erase_personalization(
    modeladmin: admin.ModelAdmin[Any], request: HttpRequest, queryset: QuerySet[Any]
) -> HttpResponseBase | None:
    """Erase what is known about the selected people, once that has been confirmed.

    For the admin of a host's users; the accounts stay. Needs the permissions to view and change
    tags and to view and delete interactions.
    """
    people = _chosen(modeladmin, request, queryset, may_erase_person)
    if not people:
        return None
    if request.POST.get("post") != "yes":
        return _question(modeladmin, request, people)
    total: dict[str, int] = {}
    for person in people:
        counts = privacy.erase_profile(person, origin=AuditOrigin.ADMIN, actor=_actor(request))
        total = {kind: total.get(kind, 0) + count for kind, count in counts.items()}
    text = ngettext(
        "Erased of %(people)d person: %(counts)s.",
        "Erased of %(people)d people: %(counts)s.",
        len(people),
    )
    said = text % {"people": len(people), "counts": _listed(total)}
    modeladmin.message_user(request, said, messages.SUCCESS)
    return None


def _chosen(
    modeladmin: admin.ModelAdmin[Any],
    request: HttpRequest,
    queryset: QuerySet[Any],
    may: Callable[[HttpRequest], bool],
) -> list[AbstractBaseUser]:
    """Return the people, or none, with a message, where they are too many."""
    if not may(request):
        raise PermissionDenied
    people = list(queryset[: MOST_PEOPLE + 1])
    if len(people) > MOST_PEOPLE:
        text = gettext("Select at most %d people. Nothing was done.")
        modeladmin.message_user(request, text % MOST_PEOPLE, messages.ERROR)
        return []
    return people


def _archive(request: HttpRequest, people: list[AbstractBaseUser]) -> FileResponse:
    """Write the archive to the disk, whole, before anything of it is sent."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    try:
        _fill(file, request, people)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    response = FileResponse(file, as_attachment=True, filename="personalization.zip")
    response["Cache-Control"] = "private, no-store"
    return response


def _fill(file: IO[bytes], request: HttpRequest, people: list[AbstractBaseUser]) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for person in people:
            chunks = privacy.export_profile(person, origin=AuditOrigin.ADMIN, actor=_actor(request))
            with archive.open(f"personalization-{quote(person.pk)}.json", "w") as entry:
                for chunk in chunks:
                    entry.write(chunk.encode())


def _question(
    modeladmin: admin.ModelAdmin[Any], request: HttpRequest, people: list[AbstractBaseUser]
) -> TemplateResponse:
    counts = privacy.count_profile(*people)
    names = {data.name: data.model._meta.verbose_name_plural for data in registered_personal_data()}
    context = {
        **modeladmin.admin_site.each_context(request),
        "title": _("Erase personalization data"),
        "opts": modeladmin.opts,
        "people": people,
        "counts": [(names[kind], count, "") for kind, count in counts.items()],
        "action_name": request.POST.get("action", ""),
        "action_checkbox_name": ACTION_CHECKBOX_NAME,
    }
    request.current_app = modeladmin.admin_site.name
    return TemplateResponse(request, "admin/django_personalization/erase_people.html", context)


def _subject(
    request: HttpRequest, person: str, may: Callable[[HttpRequest], bool]
) -> AbstractBaseUser:
    if not may(request):
        raise PermissionDenied
    return find_person(unquote(person))


def _actor(request: HttpRequest) -> AbstractBaseUser:
    return cast(AbstractBaseUser, request.user)


def _listed(counts: Mapping[str, int]) -> str:
    names = {data.name: data.model._meta.verbose_name_plural for data in registered_personal_data()}
    return ", ".join(f"{names[kind]}: {count}" for kind, count in counts.items())
