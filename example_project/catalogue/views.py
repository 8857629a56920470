"""The pages of the catalogue."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import EmptyPage, Page, PageNotAnInteger, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from catalogue.activity import note_activity
from catalogue.forms import ProjectForm, SearchForm
from catalogue.models import Project, ProjectQuerySet
from catalogue.publishing import publish
from catalogue.topics import used_topics_by_category

PROJECTS_PER_PAGE = 24
NEWEST_PROJECTS = 6


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Welcome people: what was added last, and the topics."""
    projects = Project.objects.listed()
    context = {
        "project_count": projects.count(),
        "newest": projects.with_topics().order_by("-created_at", "-id")[:NEWEST_PROJECTS],
        "topics_by_category": used_topics_by_category(),
    }
    return render(request, "catalogue/home.html", context)


@require_safe
def project_list(request: HttpRequest) -> HttpResponse:
    """List projects, all of them or those that the filters leave."""
    form = SearchForm(request.GET)
    if not form.is_valid():
        return render(request, "catalogue/project_list.html", {"form": form}, status=400)
    page = _page(request, _matching(form))
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
    return render(request, "catalogue/project_list.html", context)


def _matching(form: SearchForm) -> ProjectQuerySet:
    projects = Project.objects.listed().search(form.cleaned_data["q"])
    if form.cleaned_data["language"]:
        projects = projects.filter(language=form.cleaned_data["language"])
    if form.cleaned_data["topic"]:
        projects = projects.about(form.topics[form.cleaned_data["topic"]])
    return projects.with_topics()


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
    return render(request, "catalogue/project_detail.html", {"project": project})


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
