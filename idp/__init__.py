"""The identity provider of an insurer's customer area, speaking OpenID Connect."""

__version__ = "0.1.0"
