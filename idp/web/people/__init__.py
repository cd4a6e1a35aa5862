"""The pages: Flask blueprints, one file a door. A view is parse, one flow call, match, render or redirect."""
