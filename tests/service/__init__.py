"""The whole service for tests: in this process with a clock that can be moved, or as real processes."""
