"""The customers' portal: a confidential relying party that keeps every token on its server."""
