"""Which numbers may be typed, and which of them are one range: traffic pumping makes the insurer pay for SMS
to numbers whose owner shares in the price (security bar 5.3).

Numbers on file are not judged here: the agency wrote them down.
"""

from collections.abc import Collection

from idp.values import MobileNumber


def may_be_typed(number: MobileNumber, countries: Collection[str]) -> str | None:
    """What is wrong with a number that a customer types, None when nothing is.

    ``not_mobile``: premium, shared cost, VoIP, pager, personal, short and satellite numbers, and whatever
    else no mobile phone answers. ``mobile_country``: a country outside the list (ISO 3166-1, in capitals).
    """
    # Some megabytes, which a process that never sees a typed number is spared.
    import phonenumbers

    # Numbering plans without a range for mobiles (North America) say that a number is one or the other.
    kinds = phonenumbers.PhoneNumberType
    mobile = (kinds.MOBILE, kinds.FIXED_LINE_OR_MOBILE)
    try:
        parsed = phonenumbers.parse(number.text)
    except phonenumbers.NumberParseException:
        return "not_mobile"
    country = phonenumbers.region_code_for_number(parsed)
    # "001" are the world's own prefixes: satellites, international networks and premium services.
    if country is None or len(country) != 2 or phonenumbers.number_type(parsed) not in mobile:
        return "not_mobile"
    return None if country in countries else "mobile_country"


def prefix_of(number: MobileNumber, digits: int) -> str:
    """The range a number belongs to: its first ``digits``, country code included."""
    return number.text.removeprefix("+")[:digits]
