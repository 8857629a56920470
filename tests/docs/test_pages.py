"""All pages: links, code that is not run elsewhere, numbers, and what must not be there."""

import ast
import doctest
import json
import re

import pytest
from django.test import override_settings

from django_personalization import checks, seeding
from tests.docs.pages import DOCS, ROOT, steps

PAGES = [
    str(path.relative_to(ROOT))
    for path in [*ROOT.glob("*.md"), *sorted(DOCS.rglob("*.md"))]
    if "_build" not in path.parts
]
LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")


def anchors(path):
    """Return the anchors of a Markdown file's headings, as MyST and code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    bare = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in bare}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    for target in LINK.findall((ROOT / page).read_text(encoding="utf-8")):
        path, _hash, anchor = target.partition("#")
        if ":" in path:
            continue
        file = (ROOT / page).parent / path if path else ROOT / page
        assert file.exists(), f"{page}: {target}"
        assert not anchor or anchor in anchors(file), f"{page}: {target}"


@pytest.mark.parametrize("page", PAGES)
def test_code_is_code(page):
    for step in steps(page):
        if step.kind == "python":
            ast.parse(step.text)
        elif step.kind == "json":
            json.loads(step.text)


@pytest.mark.parametrize("page", PAGES)
def test_shown_settings_pass_the_checks(page):
    for step in steps(page):
        code = step.text if step.kind == "python" else ""
        for statement in ast.parse(code).body:
            targets = getattr(statement, "targets", [])
            if [getattr(target, "id", "") for target in targets] == ["DJANGO_PERSONALIZATION"]:
                value = eval(ast.unparse(statement.value), {"_": str})
                with override_settings(DJANGO_PERSONALIZATION=value):
                    assert not checks.check_settings(), step.place


def test_worked_example_of_ranking():
    runner = doctest.DocTestRunner()
    sessions = [step for step in steps("docs/explanation/ranking.md") if step.kind == "pycon"]
    assert len(sessions) == 3
    for step in sessions:
        session = doctest.DocTestParser().get_doctest(step.text, {}, step.place, None, 0)
        assert runner.run(session).failed == 0, step.place


@pytest.mark.django_db
def test_shown_vocabulary_files(tmp_path):
    [text] = [step.text for step in steps("docs/howto/vocabulary.md") if step.kind == "text"]
    [json_text] = [step.text for step in steps("docs/howto/vocabulary.md") if step.kind == "json"]
    (tmp_path / "genres.csv").write_text(text)
    (tmp_path / "genres.json").write_text(json_text)
    plan = seeding.seed([tmp_path / "genres.csv"])
    assert plan.counts[seeding.Action.CREATE] == 4
    # Both say the same of the term that both describe in full.
    again = seeding.seed([tmp_path / "genres.json"], update=True)
    assert again.counts[seeding.Action.UPDATE] == 0


def test_number_of_terms():
    data = ROOT / "src/django_personalization/data/taxonomies.json"
    count = len(json.loads(data.read_text())["taxonomies"])
    for page in ("README.md", "CHANGELOG.md", "docs/tutorial.md", "docs/reference/commands.md"):
        shown = re.findall(r"(\d+) (?:terms|created)", (ROOT / page).read_text())
        assert shown, page
        assert set(shown) == {str(count)}, page


def test_readme_has_the_commands_that_are_tested():
    lines = [
        line for step in steps("README.md") if step.kind == "sh" for line in step.text.split("\n")
    ]
    assert [line for line in lines if line] == [
        "pip install django-personalization",
        "python manage.py migrate",
        "python manage.py seed_taxonomies",
        "make demo",
        "make test",
    ]


def test_every_target_of_the_makefile_exists():
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        named = re.findall(r"(?:`|^)make (\w+)", text, flags=re.MULTILINE)
        assert set(named) <= targets, page
