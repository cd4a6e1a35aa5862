"""What happens when things break: databases and processes that die, callers that mean harm."""
