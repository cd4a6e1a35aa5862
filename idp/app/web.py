"""The WSGI application: the machines' face and the people's behind one entry."""

from collections.abc import Callable, Iterable
from typing import Any

from idp.adapters.inbox import Inbox
from idp.flows.idp import Idp
from idp.settings import Brand as BrandSettings
from idp.web.entry import entry
from idp.web.people import face
from idp.web.people.brand import Brand, Colours
from idp.web.people.inbox import Messages
from idp.web.people.pages import Pages

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


def application(idp: Idp) -> Wsgi:
    """The whole service as one WSGI application."""
    return entry(idp, face.create(idp, pages(idp), messages=_messages(idp)))


def pages(idp: Idp) -> Pages:
    """The pages in the insurer's brand."""
    settings = idp.settings.brand
    logo = None if settings.logo is None else settings.logo.read_bytes()
    languages = idp.settings.languages.offered
    return Pages(brand(settings, languages), languages=tuple(languages), logo=logo)


def brand(settings: BrandSettings, languages: Iterable[str]) -> Brand:
    """The brand as the pages want it: what is not set is None or empty."""
    return Brand(
        name=settings.name,
        insurer_name=settings.insurer_name or settings.name,
        portal_links=tuple(settings.portal_links.items()),
        privacy_url=settings.privacy_url or None,
        terms_url=settings.terms_url or None,
        accessibility_url=settings.accessibility_url or None,
        feedback_url=settings.feedback_url or None,
        help_phone=settings.help_phone or None,
        help_hours=tuple((one, settings.help_hours.said_in(one)) for one in languages if settings.help_hours),
        logo=None if settings.logo is None else settings.logo.name,
        colours=Colours(settings.colour_brand, settings.colour_brand_ink, settings.colour_accent),
    )


def _messages(idp: Idp) -> Messages | None:
    if not idp.settings.service.development:
        return None
    return Inbox(idp.settings.delivery.inbox_path).newest_first
