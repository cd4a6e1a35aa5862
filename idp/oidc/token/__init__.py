"""The token endpoint's rules: what a token request must hold, and what the tokens say."""
