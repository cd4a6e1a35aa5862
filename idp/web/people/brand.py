"""The insurer's name, links, telephone and colours, as every page shows them.

Frozen and built once from the settings. Colours are data of somebody else: they are accepted as six
hexadecimal digits only, so that nothing else can ever reach the style sheet, and shades that a page uses for
text are moved until they are readable (WCAG 2.2, 1.4.6: 7 to 1).
"""

import re
from colorsys import hls_to_rgb, rgb_to_hls
from dataclasses import dataclass, field

HEX_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}\Z")

LIGHT_SURFACE, DARK_SURFACE = "#ffffff", "#172225"
LIGHT_PAGE, DARK_PAGE = "#f2f6f6", "#0d1516"
TEXT_RATIO, SHAPE_RATIO = 7.0, 3.0


@dataclass(frozen=True, slots=True)
class Colours:
    """Three colours of the insurer: the brand, what is written on it, and a warm accent for shapes.

    Raises ValueError when a colour is not `#` and six hexadecimal digits.
    """

    brand: str = "#0b4f58"
    brand_ink: str = "#ffffff"
    accent: str = "#e08a2e"

    def __post_init__(self) -> None:
        for colour in (self.brand, self.brand_ink, self.accent):
            if not HEX_COLOUR.match(colour):
                raise ValueError(f"a colour is # and six hexadecimal digits, not {colour!r}")


@dataclass(frozen=True, slots=True)
class Brand:
    """What the insurer says about itself on every page; None where it has said nothing yet.

    Addresses that are None fall back to the built-in example pages under /legal. `portal_links` are pairs of
    label and address; `help_hours` of language and text. `logo` is the name of a file
    served among the static ones.
    """

    name: str = "Area Clienti"
    insurer_name: str = "Area Clienti"
    portal_links: tuple[tuple[str, str], ...] = ()
    privacy_url: str | None = None
    terms_url: str | None = None
    accessibility_url: str | None = None
    feedback_url: str | None = None
    help_phone: str | None = None
    help_hours: tuple[tuple[str, str], ...] = ()
    logo: str | None = None
    colours: Colours = field(default_factory=Colours)

    def hours_in(self, language: str) -> str | None:
        """The hours of the telephone for readers of a language; None where nothing is said."""
        return dict(self.help_hours).get(language)

    @property
    def help_phone_uri(self) -> str:
        """The telephone number as a `tel:` address (RFC 3966), digits and a leading plus only."""
        return "tel:" + re.sub(r"[^0-9+]", "", self.help_phone or "")


def style_sheet(colours: Colours) -> bytes:
    """Custom properties of the brand for light and dark surfaces, every one readable where it is used."""
    button = readable(colours.brand, colours.brand_ink, TEXT_RATIO)
    button_dark = readable(button, DARK_SURFACE, 1.8)
    if contrast(button_dark, colours.brand_ink) < TEXT_RATIO:
        button_dark = button
    return (
        ":root{"
        f"--brand:{button};--brand-ink:{colours.brand_ink};"
        f"--link:{readable(colours.brand, LIGHT_PAGE, TEXT_RATIO)};"
        f"--accent:{readable(colours.accent, LIGHT_SURFACE, SHAPE_RATIO)}"
        "}\n@media (prefers-color-scheme:dark){:root{"
        f"--brand:{button_dark};"
        f"--link:{readable(colours.brand, DARK_SURFACE, TEXT_RATIO + 1)};"
        f"--accent:{readable(colours.accent, DARK_SURFACE, SHAPE_RATIO)}"
        "}}\n"
    ).encode()


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, from 1 to 21 (WCAG 2.2, definition of contrast ratio)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def readable(colour: str, on: str, ratio: float) -> str:
    """The colour itself, or its nearest lighter or darker shade that has this contrast on the surface."""
    hue, lightness, saturation = rgb_to_hls(*(c / 255 for c in _channels(colour)))
    end = 1.0 if _luminance(on) < 0.18 else 0.0
    shade = colour
    for share in range(101):
        if share:
            # A deep colour made light would glow: it loses half of its strength on the way up.
            strength = saturation * (1 - end * share / 200)
            moved = hls_to_rgb(hue, lightness + (end - lightness) * share / 100, strength)
            shade = "#" + "".join(f"{round(c * 255):02x}" for c in moved)
        if contrast(shade, on) >= ratio:
            break
    return shade


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    red, green, blue = (
        c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4
        for c in _channels(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
