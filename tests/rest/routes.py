"""Every route of the API and what is true of it: the table that the tests of all routes walk."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")
PREFIX = "/api/v1/"


@dataclass(frozen=True)
class Route:
    """One method of one route.

    In ``path`` and in ``body`` ``{tag}``, ``{event}``, ``{term}`` and ``{book}`` stand for a row.
    ``body`` is one that is accepted; ``scope`` that of the throttle. ``is_open`` marks routes that
    ``PUBLIC_TAXONOMIES`` opens for strangers.
    """

    method: str
    name: str
    path: str
    scope: str = "default"
    body: dict[str, Any] = field(default_factory=dict)
    status: int = 200
    is_open: bool = False

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"

    @property
    def is_writing(self) -> bool:
        """Whether it changes something."""
        return self.method != "get"

    @property
    def takes_a_body(self) -> bool:
        """Whether it reads fields; the others refuse or ignore them."""
        return bool(self.body)

    @property
    def pattern(self) -> str:
        """The path as ``urls.py`` writes it."""
        return self.path.format(tag="<int:pk>", event="<int:pk>", term="<int:pk>").partition("?")[0]

    def url(self, **rows: Any) -> str:
        """Return the address with the ids of ``rows``."""
        return PREFIX + self.path.format(**rows)

    def body_for(self, **rows: Any) -> dict[str, Any]:
        """Return the body with the ids of ``rows``."""
        return {name: _filled(value, rows) for name, value in self.body.items()}


def _filled(value: Any, rows: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_filled(item, rows) for item in value]
    if isinstance(value, dict):
        return {name: _filled(item, rows) for name, item in value.items()}
    if isinstance(value, str) and value.startswith("{"):
        return rows[value[1:-1]]
    return value


_EVENT = {
    "interaction_type": "search",
    "metadata": {"page": 1},
    "extracted_keywords": ["Nim"],
    "text": "c++",
    "content": {"type": "library.book", "id": "{book}"},
    "event_id": "one",
    "occurred_at": "2026-01-05T09:30:00Z",
}
_SETTINGS = {"consent": "granted", "paused": False, "mode": "full", "discovery": 70}

ROUTES = [
    Route("get", "taxonomy-list", "taxonomies/", is_open=True),
    Route("get", "taxonomy-by-category", "taxonomies/by_category/", is_open=True),
    Route("get", "taxonomy-detail", "taxonomies/{term}/", is_open=True),
    Route("get", "parameters", "personalization/parameters/", is_open=True),
    Route("get", "personalization", "me/personalization/"),
    Route("delete", "personalization", "me/personalization/", "erase", body={"consent": "denied"}),
    Route("get", "settings", "me/personalization/settings/"),
    Route("patch", "settings", "me/personalization/settings/", body=_SETTINGS),
    Route("post", "settings-reset", "me/personalization/settings/reset/"),
    Route("get", "export", "me/personalization/export/", "export"),
    Route("post", "reset", "me/personalization/reset/", "erase"),
    Route("get", "recommendations", "me/recommendations/?model=library.book"),
    Route("get", "tag-list", "me/tags/"),
    Route(
        "post",
        "tag-list",
        "me/tags/",
        body={"taxonomy": "{term}", "name": "C++", "weight": 2, "state": "active"},
        status=201,
    ),
    Route("get", "tag-manual", "me/tags/manual/"),
    Route("get", "tag-auto-generated", "me/tags/auto_generated/"),
    Route("get", "tag-dismissed", "me/tags/dismissed/"),
    Route("get", "tag-hidden", "me/tags/hidden/"),
    Route(
        "post",
        "tag-bulk-create",
        "me/tags/bulk_create/",
        body={"taxonomy_ids": ["{term}"]},
        status=201,
    ),
    Route("post", "tag-bulk-delete", "me/tags/bulk_delete/", body={"tag_ids": ["{tag}"]}),
    Route("delete", "tag-bulk-delete", "me/tags/bulk_delete/", body={"tag_ids": ["{tag}"]}),
    Route("put", "tag-selection", "me/tags/selection/", body={"taxonomy_ids": ["{term}"]}),
    Route("get", "tag-detail", "me/tags/{tag}/"),
    Route("patch", "tag-detail", "me/tags/{tag}/", body={"weight": 0.5, "state": "active"}),
    Route("delete", "tag-detail", "me/tags/{tag}/", status=204),
    Route("post", "tag-restore", "me/tags/{tag}/restore/"),
    Route("get", "tag-evidence", "me/tags/{tag}/evidence/"),
    Route("get", "interaction-list", "me/interactions/"),
    Route("post", "interaction-list", "me/interactions/", "tracking", body=_EVENT, status=201),
    Route(
        "post",
        "interaction-bulk",
        "me/interactions/bulk/",
        "tracking",
        body={"interactions": [_EVENT]},
    ),
    Route("delete", "interaction-detail", "me/interactions/{event}/", status=204),
]
