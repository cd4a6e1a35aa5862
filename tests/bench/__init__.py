"""The benchmark: this service beside npm oidc-provider, in one interleaved run (`python -m tests.bench`)."""
