"""What a message is for."""

from enum import StrEnum


class Purpose(StrEnum):
    """What a message is for; also the ``purpose`` of the outbox and of /dev/inbox."""

    REGISTRATION_CODE = "registration_code"
    # Asked for where a link was dead (journey B6).
    REGISTRATION_LINK = "registration_link"
    # The truth that a registration's page must not show goes to the contact on file (journey C1).
    NAME_DIFFERS = "registration_name_differs"
    COMPANY_DIFFERS = "registration_company_differs"
    VAT_DIFFERS = "registration_vat_differs"
    PROFILE_DIFFERS = "registration_profile_differs"
    SHARED_CONTACT = "registration_shared_contact"
    AGENCY_CONTACT = "registration_agency_contact"
    CONTACT_TAKEN = "registration_contact_taken"
    NO_POLICY = "registration_no_policy"
    COLLECTIVE_POLICY = "registration_collective_policy"
    ALREADY_REGISTERED = "registration_already_registered"
    AMBIGUOUS = "registration_ambiguous"
    ACCOUNT_CREATED = "account_created"
    SIGN_IN_CODE = "sign_in_code"
    # Where a password is not enough.
    STEP_UP_CODE = "step_up_code"
    # Whoever is signed in proves once more that it is them.
    CONFIRM_CODE = "confirm_code"
    # One operation, which the message says.
    OPERATION_CODE = "operation_code"
    # Where fingerprint or face would have done.
    CONFIRMED_BY_SMS = "confirmed_by_sms"
    NEW_DEVICE = "new_device"
    DATA_DOWNLOADED = "data_downloaded"
    ACCOUNT_CLOSED = "account_closed"
    SIGN_IN_DISAVOWED = "sign_in_disavowed"
    # Forgotten and changed credentials (journey H).
    RECOVERY_CODE = "recovery_code"
    RECOVERY_FRESH_CONTACT = "recovery_fresh_contact"
    RECOVERY_NO_ACCOUNT = "recovery_no_account"
    RECOVERED = "credentials_recovered"
    PASSWORD_CHANGED = "password_changed"
    USERNAME_CODE = "username_code"
    USERNAME_CHANGED = "username_changed"
    # A new mobile number (journey G).
    MOBILE_CODE = "mobile_code"
    MOBILE_PENDING = "mobile_pending"
    MOBILE_AGENCY = "mobile_pending_agency"
    MOBILE_CONFIRMED = "mobile_confirmed"
    MOBILE_CANCELLED = "mobile_cancelled"
    # Fingerprint or face (journey E).
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_PENDING = "passkey_pending"
    PASSKEY_RENAMED = "passkey_renamed"
    PASSKEY_REMOVED = "passkey_removed"
    PASSKEY_COPIED = "passkey_copied"
    # Authenticator app and recovery codes.
    AUTHENTICATOR_ADDED = "authenticator_added"
    AUTHENTICATOR_PENDING = "authenticator_pending"
    AUTHENTICATOR_REMOVED = "authenticator_removed"
    RECOVERY_CODES_MADE = "recovery_codes_made"
    RECOVERY_CODES_PENDING = "recovery_codes_pending"
    RECOVERY_CODES_REMOVED = "recovery_codes_removed"
    RECOVERY_CODE_USED = "recovery_code_used"
    RECOVERY_CODES_FEW = "recovery_codes_few"
    # What an import of the registry took away (journey L).
    CONTACT_REMOVED = "contact_removed"
    USERNAME_REMOVED = "username_removed"

    @classmethod
    def truth(cls, reason: str) -> "Purpose | None":
        """The message that tells the contact why a registration or a recovery failed.

        None where nothing may be told.
        """
        wanted = (f"registration_{reason}", f"recovery_{reason}")
        codes = (cls.REGISTRATION_CODE, cls.REGISTRATION_LINK, cls.RECOVERY_CODE)
        return next((purpose for purpose in cls if purpose in wanted and purpose not in codes), None)
