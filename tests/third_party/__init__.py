"""Other people's relying parties against the service and, as a control, against somebody else's provider.

A test that fails on both providers is wrong about the client; one that fails on ours alone has found a fault.
"""
