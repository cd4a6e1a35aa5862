"""The ``idp`` command: the same use cases as the pages and the endpoints, for a terminal."""
