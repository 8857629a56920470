"""The pages of the catalogue."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import EmptyPage, Page, PageNotAnInteger, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalogue.activity import note_activity
from catalogue.forms import FOR_YOU, InterestForm, ProjectForm, SearchForm
from catalogue.models import Project, ProjectQuerySet
from catalogue.personal import for_you, in_order, newest, with_reasons
from catalogue.publishing import publish
from catalogue.topics import used_topics_by_category
from django_personalization.exceptions import InvalidInput
from django_personalization.models import UserTag
from django_personalization.ranking import queryset_filter, similar

PROJECTS_PER_PAGE = 24
NEWEST_PROJECTS = 6
SIMILAR_PROJECTS = 3
PROJECTS_FOR_YOU = 3


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Welcome people: what was added last, and the topics."""
    projects = Project.objects.listed()
    context = {
        "for_you": for_you(projects.with_topics(), request.user, limit=PROJECTS_FOR_YOU),
        "project_count": projects.count(),
        "newest": newest(projects.with_topics(), request.user)[:NEWEST_PROJECTS],
        "topics_by_category": used_topics_by_category(),
    }
    return render(request, "catalogue/home.html", context)


@require_safe
def about_personalization(request: HttpRequest) -> HttpResponse:
    """Say how ordering works, and how to change it."""
    return render(request, "catalogue/about_personalization.html")


@require_safe
def project_list(request: HttpRequest) -> HttpResponse:
    """List projects, all of them or those that the filters leave."""
    form = SearchForm(request.GET, is_personal=request.user.is_authenticated)
    if not form.is_valid():
        return render(request, "catalogue/project_list.html", {"form": form}, status=400)
    page = _page(request, _matching(form, request.user))
    query = form.cleaned_data["q"]
    if query and page.number == 1:
        note_activity(request, "search", text=query, metadata={"results": page.paginator.count})
    context = {
        "form": form,
        "page": page,
        "query": query,
        "topic": form.topics.get(form.cleaned_data["topic"]),
        "language": form.cleaned_data["language"],
    }
    if form.cleaned_data["order"] == FOR_YOU:
        page.object_list = with_reasons(page.object_list, request.user)
        context["is_for_you"] = any(row.explanation.reasons for row in page)
    return render(request, "catalogue/project_list.html", context)


def _matching(form: SearchForm, user: Any) -> ProjectQuerySet:
    projects = Project.objects.listed().search(form.cleaned_data["q"])
    if form.cleaned_data["language"]:
        projects = projects.filter(language=form.cleaned_data["language"])
    if form.cleaned_data["topic"]:
        projects = projects.about(form.topics[form.cleaned_data["topic"]])
    if form.cleaned_data.get("mine"):
        projects = queryset_filter(projects, tags_of=user)
    return in_order(projects, form.cleaned_data["order"], user).with_topics()


def _page(request: HttpRequest, projects: ProjectQuerySet) -> Page[Project]:
    paginator = Paginator(projects, PROJECTS_PER_PAGE)
    number = request.GET.get("page", 1)
    try:
        return paginator.page(number)
    except (EmptyPage, PageNotAnInteger) as error:
        message = f"There is no page “{number}”; the last one is {paginator.num_pages}."
        raise Http404(message) from error


@require_safe
def project_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one project."""
    projects = Project.objects.listed().with_topics().select_related("added_by")
    project = get_object_or_404(projects, slug=slug)
    note_activity(request, "project_view", content=project)
    others = Project.objects.listed().with_topics()
    alike = similar(project, others, user=request.user)[:SIMILAR_PROJECTS]
    context = {"project": project, "similar": alike}
    return render(request, "catalogue/project_detail.html", context)


@login_required
@require_POST
def change_interest(request: HttpRequest) -> HttpResponse:
    """Make what a reason rests on count less or more, or hide what is about it."""
    form = InterestForm(request.POST, user=request.user)
    if not form.is_valid():
        raise Http404("; ".join(str(error) for errors in form.errors.values() for error in errors))
    try:
        messages.success(request, form.apply())
    except (InvalidInput, UserTag.DoesNotExist) as error:  # not offered any more, or just erased
        raise Http404(str(error)) from error
    return redirect(form.cleaned_data["next"] or "project_list")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def project_add(request: HttpRequest) -> HttpResponse:
    """Add a project to the catalogue."""
    form = ProjectForm(request.POST or None)
    project = publish(form, added_by=request.user) if form.is_valid() else None
    if project is None:
        status = 400 if form.is_bound else 200
        return render(request, "catalogue/project_form.html", {"form": form}, status=status)
    note_activity(request, "project_create", content=project)
    messages.success(request, f"{project.name} is in the catalogue. Thank you!")
    return redirect(project)
