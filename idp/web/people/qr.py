"""QR codes as a part of the page: an SVG without style attributes, drawn here and fetched from nobody."""

from markupsafe import Markup


def drawn(content: str) -> Markup:
    """The QR code of ``content``, black on white whatever the page's colours are, with the quiet zone of four
    modules that readers want (ISO/IEC 18004)."""
    # By the first code of a process: most processes never draw one.
    import segno

    code = segno.make_qr(content, error="m")
    svg = code.svg_inline(border=4, dark="#000", light="#fff", svgclass="qr", lineclass=None, omitsize=True)
    return Markup(svg)  # noqa: S704 - made of numbers alone
