"""For WSGI servers: ``idp.wsgi:create()`` is the application, configured by ``$IDP_CONFIG`` and
``IDP__…``."""

from idp.app.process import create

__all__ = ["create"]
