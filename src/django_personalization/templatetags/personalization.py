"""Template tags for hosts: ``{% load personalization %}``.

Tags that order or explain do so for the person of the context's request, or for ``user=…``; where
there is no request, for a stranger.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from django import template
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.db.models import Model, QuerySet
from django.db.models.manager import BaseManager
from django.template import Context, TemplateSyntaxError
from django.template.base import FilterExpression, Parser, Token, token_kwargs
from django.utils.safestring import SafeString

from django_personalization.content import content_named
from django_personalization.exceptions import InvalidInput
from django_personalization.explaining import explain_many
from django_personalization.parameters import Parameters, ranking_parameters
from django_personalization.ranking import personalize
from django_personalization.reasons import Explanation
from django_personalization.recommendations import Recommendation, recommend
from django_personalization.validation import shown
from django_personalization.visits import visitor_of

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    Person = AbstractBaseUser | AnonymousUser

register = template.Library()
Options = Mapping[str, Any]

MOST: Final = 10_000
WHY_TEMPLATE: Final = "django_personalization/why.html"
_KNOWN: Final = "_personalization_explanations"


@register.simple_tag
def personalization_parameters() -> Parameters:
    """Return what ordering depends on and how to change it: ``{% … as parameters %}``.

    It has an ``intro``, ``parameters`` (each with ``text`` and ``importance``) and ``controls``
    (each with ``text``).
    """
    return ranking_parameters()


class PersonalTag(template.Node):
    """A tag with one subject, options and a name for what it finds.

    ``usage`` is how to write it, ``options`` are those that it has, and ``prints`` says whether it
    may go without a name.
    """

    usage: ClassVar[str]
    options: ClassVar[frozenset[str]]
    prints: ClassVar[bool] = False

    def __init__(
        self, subject: FilterExpression, options: Mapping[str, FilterExpression], name: str | None
    ) -> None:
        """Keep the parts of the tag."""
        self.subject, self.given, self.name = subject, options, name

    def render(self, context: Context) -> str:
        """Find what the tag stands for, and put it where the template says."""
        subject = self.subject.resolve(context)
        options = {name: value.resolve(context) for name, value in self.given.items()}
        try:
            found = self.find(context, self.person(context, options), subject, options)
        except InvalidInput as error:
            raise self.error(str(error)) from error
        if self.name is None:
            return self.printed(context, found)
        context[self.name] = found
        return ""

    def find(self, context: Context, person: Person, subject: Any, options: Options) -> Any:
        """Return what the tag stands for."""
        raise NotImplementedError

    def printed(self, context: Context, found: Any) -> str:
        """Return what the tag writes where its result has no name."""
        return ""

    def person(self, context: Context, options: Options) -> Person:
        """Return whom it is for."""
        if "user" in options:
            # A profile or a group has a key as well: that of somebody else.
            if not isinstance(options["user"], (get_user_model(), AnonymousUser)):
                raise self.error(f"user={shown(options['user'])} is no user.")
            person: Person = options["user"]
            return person
        request = request_of(context)
        if request is None and settings.DEBUG:
            warnings.warn(
                f"{self.usage} was used where the context has no request, so it is a stranger's. "
                "Render with a request, or give user=….",
                stacklevel=2,
            )
        return visitor_of(request)

    def limit(self, options: Options, usual: int | None) -> int | None:
        """Return the option ``limit``."""
        limit: Any = options.get("limit", usual)
        if limit is None:
            return None
        if isinstance(limit, int) and not isinstance(limit, bool) and 0 < limit <= MOST:
            return limit
        raise self.error(f"limit={shown(limit)} is not a whole number from 1 to {MOST:,}.")

    def error(self, problem: str) -> TemplateSyntaxError:
        """Return what to raise: the problem, and how to write the tag."""
        return TemplateSyntaxError(f"{problem} Write {self.usage}.")


def tag(name: str) -> Callable[[type[PersonalTag]], type[PersonalTag]]:
    """Register a :class:`PersonalTag` under its name."""

    def compiled(node: type[PersonalTag]) -> type[PersonalTag]:
        register.tag(name, lambda parser, token: _compile(node, parser, token))
        return node

    return compiled


def _compile(node: type[PersonalTag], parser: Parser, token: Token) -> PersonalTag:
    _tag, *bits = token.split_contents()
    name = None
    if len(bits) > 1 and bits[-2] == "as":
        *bits, _as, name = bits
    if not bits:
        raise TemplateSyntaxError(f"What it is about is missing. Write {node.usage}.")
    subject = parser.compile_filter(bits.pop(0))
    options = token_kwargs(bits, parser)
    unknown = [*bits, *(option for option in options if option not in node.options)]
    if unknown:
        legal = ", ".join(sorted(node.options))
        raise TemplateSyntaxError(
            f"{shown(unknown[0])} is not one of its options: {legal}. Write {node.usage}."
        )
    if name is None and not node.prints:
        raise TemplateSyntaxError(f"A name for what it finds is missing. Write {node.usage}.")
    return node(subject, options, name)


@tag("personalized")
class PersonalizedTag(PersonalTag):
    """A queryset in the person's order."""

    usage = "{% personalized queryset limit=6 only_matching=True as name %}"
    options = frozenset({"limit", "only_matching", "user"})

    def find(self, context: Context, person: Person, subject: Any, options: Options) -> Any:
        """Return the queryset, or its beginning."""
        rows = subject.all() if isinstance(subject, BaseManager) else subject
        if not isinstance(rows, QuerySet):
            raise self.error(f"{shown(subject)} is no queryset.")
        only_matching = bool(options.get("only_matching", False))
        return personalize(rows, person, only_matching=only_matching)[: self.limit(options, None)]


@tag("recommended")
class RecommendedTag(PersonalTag):
    """The most relevant items of a registered model."""

    usage = '{% recommended "app.model" limit=6 as name %}'
    options = frozenset({"limit", "user"})

    def find(self, context: Context, person: Person, subject: Any, options: Options) -> Any:
        """Return recommendations, and remember their reasons for ``{% why %}``."""
        limit = self.limit(options, 20) or 20
        found = recommend(content_named(str(subject)).model, person, limit=limit)
        remember(context, person, [recommendation.explanation for recommendation in found])
        return found


@tag("why")
class WhyTag(PersonalTag):
    """Why something is where it is, said or handed to the template."""

    usage = "{% why object %} or {% why object as name %}"
    options = frozenset({"user"})
    prints = True

    def find(self, context: Context, person: Person, subject: Any, options: Options) -> Any:
        """Return the explanation: the one at hand, the one known from a list, or a new one."""
        if isinstance(subject, Recommendation):
            return subject.explanation
        if isinstance(subject, Explanation):
            return subject
        if not isinstance(subject, Model):
            raise self.error(f"{shown(subject)} is no object of a registered model.")
        known = explanations_of(context).get(_key(subject, person))
        return known or explain_all(context, person, [subject])[0]

    def printed(self, context: Context, found: Explanation) -> str:
        """Return the reasons as HTML, escaped also where the template around it is not."""
        page = context.template.engine.get_template(WHY_TEMPLATE)  # type: ignore[union-attr]
        inner = context.new({"explanation": found})
        inner.autoescape = True
        return SafeString(page.render(inner).strip())


@tag("why_each")
class WhyEachTag(PersonalTag):
    """Why each of a list is where it is, in as few queries as for one."""

    usage = "{% why_each objects %} or {% why_each objects as name %}"
    options = frozenset({"user"})
    prints = True

    def find(self, context: Context, person: Person, subject: Any, options: Options) -> Any:
        """Return the explanations, and remember them for ``{% why %}``."""
        rows = subject.all() if isinstance(subject, BaseManager) else subject
        objects = list(rows) if isinstance(rows, Iterable) else [rows]
        if isinstance(rows, str) or not all(isinstance(obj, Model) for obj in objects):
            raise self.error(f"{shown(subject)} is no list of objects.")
        return explain_all(context, person, objects)


def explain_all(context: Context, person: Person, objects: Sequence[Model]) -> list[Explanation]:
    """Explain objects and remember it: at most three queries for each model among them."""
    models = dict.fromkeys(type(obj) for obj in objects)
    found = [
        explanation
        for model in models
        for explanation in explain_many([o for o in objects if type(o) is model], person)
    ]
    remember(context, person, found)
    by_object = {id(explanation.obj): explanation for explanation in found}
    return [by_object[id(obj)] for obj in objects]


def explanations_of(context: Context) -> dict[Any, Explanation]:
    """Return what has been explained for this request so far, by object and person.

    Kept with the request, which no other person ever gets to see; without one, nowhere.
    """
    request = request_of(context)
    return {} if request is None else vars(request).setdefault(_KNOWN, {})


def remember(context: Context, person: Person, explanations: Iterable[Explanation]) -> None:
    """Keep explanations for the rest of the request, also for templates that are included."""
    known = explanations_of(context)
    known.update({_key(explanation.obj, person): explanation for explanation in explanations})


def request_of(context: Context) -> Any:
    """Return the request that is being answered, or ``None``."""
    request = getattr(context, "request", None) or context.get("request")
    # A host may have something else of that name, and that something a user.
    return request if hasattr(request, "META") else None


def _key(obj: Model, person: Person) -> tuple[Any, ...]:
    return type(obj), obj.pk, person.pk
