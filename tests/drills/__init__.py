"""Drills: the lines of the security bar that name a time, run against the service as real processes.

They report and judge; the suite asserts what causes these times (the same statements, writes and hashes),
never a timing. ``make drills`` runs them all.
"""
