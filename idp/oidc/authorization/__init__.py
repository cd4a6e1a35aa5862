"""The authorization endpoint's rules: from raw parameters to an AuthorizationRequest, and from there to the
next step."""
