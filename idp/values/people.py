"""Who a customer record is about, and what state it is in."""

from enum import StrEnum


class ProfileKind(StrEnum):
    """The profile a customer chooses at registration (journey A2)."""

    PERSON = "person"
    PROFESSIONAL = "professional"
    COMPANY = "company"


class RecordState(StrEnum):
    """The state of a customer record in the agency registry."""

    ACTIVE = "active"
    ENDED = "ended"
    DECEASED = "deceased"
