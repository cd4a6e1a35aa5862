"""The schema's history: one revision a file, applied by ``idp.store.schema``."""
