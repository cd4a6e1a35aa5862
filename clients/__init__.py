"""Reference relying parties: they know the identity provider by its addresses only."""
