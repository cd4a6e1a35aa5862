"""The composition root: from settings to one frozen ``Idp`` and the WSGI application around it."""
