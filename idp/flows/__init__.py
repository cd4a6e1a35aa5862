"""Use cases: the only place where transactions open and close.

A flow takes the ``Idp`` first, reads and computes outside the transaction (no network, hashing or signing
inside one), and returns a named outcome. Exceptions roll back, outcomes commit: a wrong code is an outcome,
since it must be counted.
"""
