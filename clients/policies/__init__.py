"""The insurer's policies API: reads a customer's policies for whoever shows a fitting access token."""
