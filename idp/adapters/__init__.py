"""The real parts behind the ports: clock, randomness, key files, couriers, short-lived state, outgoing
calls."""
