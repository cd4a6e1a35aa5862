"""Static files: read once at start, served from memory under addresses that carry their content's hash.

No framework here: `StaticFiles.find` takes a path and gives what to answer, so either face can serve it. An
address never changes its content, therefore it may be kept for ever (RFC 8246); a page that is built again
after a change asks for another address.
"""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PREFIX = "/static/"
CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webp": "image/webp",
    ".jpg": "image/jpeg",
}
CACHE_CONTROL = "public, max-age=31536000, immutable"
COMPRESSED = (".css", ".js", ".svg")


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file as it leaves: `gzipped` is None where packing does not pay; `etag` includes its quotes."""

    content: bytes
    gzipped: bytes | None
    content_type: str
    etag: str

    def headers(self, *, packed: bool = False) -> list[tuple[str, str]]:
        """The answer's headers for `content`, or for `gzipped` when `packed`."""
        body = self.gzipped if packed and self.gzipped is not None else self.content
        lines = [
            ("Content-Type", self.content_type),
            ("Content-Length", str(len(body))),
            ("Cache-Control", CACHE_CONTROL),
            ("ETag", self.etag),
            ("X-Content-Type-Options", "nosniff"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
        ]
        if self.gzipped is not None:
            lines.append(("Vary", "Accept-Encoding"))
            if packed:
                lines.append(("Content-Encoding", "gzip"))
        return lines


@dataclass(frozen=True, slots=True)
class StaticFiles:
    """Every static file by its hashed address, and every address by the file's plain name."""

    by_path: Mapping[str, StaticFile]
    urls: Mapping[str, str]

    def url(self, name: str) -> str:
        """The address of a file; raises KeyError when there is none of that name."""
        return self.urls[name]

    def find(self, path: str) -> StaticFile | None:
        """The file at exactly this path (no folders, no `..`, no guessing), or None."""
        return self.by_path.get(path)


def load(folder: Path, made: Mapping[str, bytes] | None = None) -> StaticFiles:
    """Read the folder once; `made` adds files that are built at start, such as `brand.css` and the logo.

    Raises ValueError for a file whose kind is unknown: it would be served with a guessed type.
    """
    contents = {f.name: f.read_bytes() for f in sorted(folder.iterdir()) if f.is_file()}
    contents.update(made or {})
    by_path: dict[str, StaticFile] = {}
    urls: dict[str, str] = {}
    for name, content in contents.items():
        stem, suffix = Path(name).stem, Path(name).suffix
        if suffix not in CONTENT_TYPES:
            raise ValueError(f"no content type is known for the static file {name}")
        digest = hashlib.sha256(content).hexdigest()[:16]
        packed = gzip.compress(content, 9, mtime=0) if suffix in COMPRESSED else None
        urls[name] = f"{PREFIX}{stem}.{digest}{suffix}"
        by_path[urls[name]] = StaticFile(
            content,
            packed if packed is not None and len(packed) < len(content) else None,
            CONTENT_TYPES[suffix],
            f'"{digest}"',
        )
    return StaticFiles(by_path, urls)
