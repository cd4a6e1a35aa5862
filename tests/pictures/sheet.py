"""Several screens side by side as one small picture."""

import base64
import struct
import zlib
from dataclasses import dataclass
from html import escape
from typing import Any

from playwright.sync_api import Browser

_SHEET = """<!doctype html><meta charset="utf-8"><style>
body { margin: 0; background: #e1e9ea; font: 17px/1.45 system-ui, sans-serif; color: #10262a; }
main { display: inline-flex; gap: 24px; padding: 24px; align-items: flex-start; }
img { display: block; border: 1px solid #c3d0d2; }
figure { margin: 0; width: 366px; padding-top: 120px; }
blockquote { margin: 0; padding: 16px 20px; border-radius: 20px 20px 20px 4px; background: #fff;
    white-space: pre-line; overflow-wrap: anywhere; }
</style><main>%s</main>"""

# At most 256 colours: the most frequent ones, and for any other the nearest of them.
_COLOURS = """async (source) => {
    const image = new Image();
    image.src = source;
    await image.decode();
    const { width, height } = image;
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    const counted = new Map();
    const of = (at) => (data[at] << 16) | (data[at + 1] << 8) | data[at + 2];
    for (let at = 0; at < data.length; at += 4) counted.set(of(at), (counted.get(of(at)) ?? 0) + 1);
    const often = [...counted].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
    const palette = often.slice(0, 256).map(([colour]) => colour);
    const off = (a, b, shift) => (((a >> shift) & 255) - ((b >> shift) & 255)) ** 2;
    const nearest = (colour) => {
        let best = 0, least = Infinity;
        palette.forEach((one, index) => {
            const distance = off(one, colour, 16) + off(one, colour, 8) + off(one, colour, 0);
            if (distance < least) [best, least] = [index, distance];
        });
        return best;
    };
    const index = new Map([...counted.keys()].map((colour) => [colour, nearest(colour)]));
    let text = "";
    for (let at = 0; at < data.length; at += 4) text += String.fromCharCode(index.get(of(at)));
    return { width, height, palette, pixels: btoa(text) };
}"""


def screen(shot: bytes) -> str:
    """A screenshot, as a part of a sheet."""
    return f'<img src="{_source(shot)}">'


def message(text: str) -> str:
    """A text message, as a part of a sheet."""
    return f"<figure><blockquote>{escape(text)}</blockquote></figure>"


@dataclass(frozen=True)
class Sheet:
    """Puts parts side by side; ``browser`` draws."""

    browser: Browser

    def picture(self, parts: list[str]) -> bytes:
        """The parts as one PNG of at most 256 colours."""
        page = self.browser.new_page(viewport={"width": 3000, "height": 2000})
        try:
            page.set_content(_SHEET % "".join(parts))
            whole = page.locator("main").screenshot()
            return _png(page.evaluate(_COLOURS, _source(whole)))
        finally:
            page.close()


def _source(shot: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(shot).decode()}"


def _png(found: dict[str, Any]) -> bytes:
    """Indexed colours, no filter (PNG, third edition, §11.2)."""
    width, height = found["width"], found["height"]
    pixels = base64.b64decode(found["pixels"])
    lines = b"".join(b"\0" + pixels[row * width : (row + 1) * width] for row in range(height))
    palette = b"".join(colour.to_bytes(3) for colour in found["palette"])
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(kind, data)
        for kind, data in (
            (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            (b"PLTE", palette),
            (b"IDAT", zlib.compress(lines, 9)),
            (b"IEND", b""),
        )
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
