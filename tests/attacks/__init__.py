"""Attacks, each named after what the attacker tries; each was seen to work before it was stopped."""
