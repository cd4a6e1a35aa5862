"""The endpoints for machines, as plain WSGI: no framework, no session, no template (performance §7.1)."""
