"""What people see: the brand, its links and colours, the languages."""

from typing import Annotated, Literal

from pydantic import Field

from idp.settings.section import Colour, FilePath, Links, Section, Spoken, SpokenText, WebAddress

Language = Literal["it", "en", "de"]


class Brand(Section):
    """Name, links and colours of the pages and messages."""

    name: Annotated[str, Field(min_length=1, max_length=60)] = Field(
        default="Area Clienti", description="Name of the customer area, on every page and message."
    )
    insurer_name: Annotated[str, Field(max_length=60)] = Field(
        default="", description="Name of the insurer. Empty: the brand's name stands for it."
    )
    portal_links: Links = Field(
        default={},
        validate_default=True,
        description="Where a customer who finished can go, as label = address.",
    )
    privacy_url: WebAddress = Field(default="", description="Address of the privacy notice.")
    terms_url: WebAddress = Field(default="", description="Address of the terms of use.")
    accessibility_url: WebAddress = Field(default="", description="Address of the accessibility statement.")
    feedback_url: WebAddress = Field(default="", description="Address for reporting accessibility problems.")
    help_phone: str = Field(default="", description='Telephone shown beside "Serve aiuto?".')
    help_hours: SpokenText = Field(
        default=Spoken(),
        description="Hours at which that telephone is answered: one text, "
        'or one for each language offered, as { it = "…", en = "…" }.',
    )
    logo: FilePath | None = Field(default=None, description="SVG or PNG file of the mark. Unset: ours.")
    colour_brand: Colour = Field(default="#0b4f55", description="Colour of header and primary buttons.")
    colour_brand_ink: Colour = Field(default="#ffffff", description="Colour of text on the brand's colour.")
    colour_accent: Colour = Field(default="#b4541a", description="Colour of accents.")
    terms_version: Annotated[str, Field(min_length=1)] = Field(
        default="1", description="Version of the terms that a customer accepts; kept with the acceptance."
    )
    privacy_version: Annotated[str, Field(min_length=1)] = Field(
        default="1", description="Version of the privacy notice that was linked; kept with the acceptance."
    )


class Languages(Section):
    """The languages of pages and messages."""

    default: Language = Field(default="it", description="Used when nothing tells the customer's language.")
    offered: Annotated[tuple[Language, ...], Field(min_length=1)] = Field(
        default=("it", "en", "de"), description="Languages a customer may choose."
    )
