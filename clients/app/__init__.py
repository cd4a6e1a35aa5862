"""The phone-sized app: a public relying party that lives in the browser; the server hands out its files."""
