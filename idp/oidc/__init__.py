"""The protocol, pure: no Flask, SQL, clock or network. Requests and state come in, outcomes go out."""
