"""The real things the tests run against: databases, a browser, mail and SMS receivers, TLS and a proxy.

Each module has one context manager that starts the part and stops it again, whatever happens in between.
"""
