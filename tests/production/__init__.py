"""The service as a deployment has it, and the relying parties around it as their operators have them."""
