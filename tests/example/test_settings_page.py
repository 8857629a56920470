"""The page that mounts the front end."""

from __future__ import annotations

import pytest

PAGE = "/account/settings/personalization"


@pytest.fixture
def bundle(settings, tmp_path):
    """A built bundle."""
    settings.PERSONALIZATION_BUNDLE = tmp_path
    for name in ("personalization.js", "personalization.css"):
        (tmp_path / name).touch()


def test_it_is_for_people_who_are_signed_in(client):
    response = client.get(PAGE)
    assert response.status_code == 302
    assert response.url == f"/accounts/login/?next={PAGE}"


def test_it_mounts_the_bundle_and_hands_out_the_csrf_cookie(signed_in, bundle):
    response = signed_in.get(PAGE)
    page = response.content.decode()
    assert '<div id="personalization" data-api-base-url="/api/v1/">' in page
    assert 'href="/static/personalization/personalization.css"' in page
    assert '<script src="/static/personalization/personalization.js" defer>' in page
    assert response.cookies["csrftoken"].value


def test_without_a_bundle_it_says_what_to_run(signed_in, settings, tmp_path):
    settings.PERSONALIZATION_BUNDLE = tmp_path / "not-built"
    page = signed_in.get(PAGE).content.decode()
    assert "<code>make demo</code>" in page
    assert "<script" not in page
    assert 'id="personalization"' not in page


def test_it_is_only_read(signed_in):
    assert signed_in.post(PAGE).status_code == 405
