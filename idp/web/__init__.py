"""Two faces over the same flows: pages for people, endpoints for machines. No rule and no query lives
here."""
