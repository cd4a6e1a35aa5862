"""The pictures of the documentation, made by a browser from the demo as it is."""
