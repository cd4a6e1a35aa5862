"""Every table, once. Times are epoch seconds; secrets stand as SHA-256 digests, personal data sealed.

Sealed columns (``sealed_…``) are AES-256-GCM with the row's key as associated data (``idp.store.sealing``);
``…_index`` columns are keyed HMACs of the canonical form, for exact look-up (blind indexes).
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Seconds = BigInteger
Digest = LargeBinary(32)
RowId = BigInteger().with_variant(Integer, "sqlite")

# --- the agency registry (the insurer's data, imported) -------------------------------------------------

customer_records = Table(
    "customer_records",
    metadata,
    Column("customer_number", String(64), primary_key=True),
    Column("profile", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("tax_index", Digest, nullable=True, index=True),
    Column("vat_index", Digest, nullable=True, index=True),
    # Keyed digest of the imported line, so that a second import of the same file changes nothing.
    Column("fingerprint", Digest, nullable=False),
    Column("sealed_record", LargeBinary, nullable=False),
    Column("changed_at", Seconds, nullable=False),
    # The import that last named this record; `--snapshot` ends those a full import did not name.
    Column("import_id", String(32), nullable=False, index=True),
)

customer_contacts = Table(
    "customer_contacts",
    metadata,
    Column("contact_index", Digest, nullable=False),
    Column(
        "customer_number", ForeignKey("customer_records.customer_number", ondelete="CASCADE"), nullable=False
    ),
    Column("kind", String(8), nullable=False),
    # Whose contact it is, by tax code: several records of one person do not make it shared.
    Column("holder_index", Digest, nullable=False),
    Column("changed_on", String(10), nullable=False),
    UniqueConstraint("contact_index", "customer_number"),
    Index("ix_customer_contacts_customer_number", "customer_number"),
)

agency_contacts = Table(
    "agency_contacts",
    metadata,
    Column("contact_index", Digest, primary_key=True),
)

registry_lines = Table(
    "registry_lines",
    metadata,
    Column("import_id", String(32), primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("customer_number", String(64), nullable=False),
    Column("fingerprint", Digest, nullable=False),
    Column("sealed_record", LargeBinary, nullable=False),
    Index("ix_registry_lines_import_id_customer_number", "import_id", "customer_number"),
)

# --- accounts --------------------------------------------------------------------------------------------

accounts = Table(
    "accounts",
    metadata,
    Column("sub", String(32), primary_key=True),
    Column("customer_number", String(64), nullable=False, unique=True),
    Column("profile", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("username_kind", String(8), nullable=False),
    Column("username_index", Digest, nullable=True, unique=True),
    # JSON: username, given_name, family_name, company_name, birth_date.
    Column("sealed_profile", LargeBinary, nullable=False),
    Column("password_hash", Text, nullable=True),
    Column("password_changed_at", Seconds, nullable=True),
    Column("language", String(8), nullable=False),
    Column("terms_version", String(32), nullable=False),
    Column("privacy_version", String(32), nullable=False),
    Column("terms_accepted_at", Seconds, nullable=False),
    Column("terms_language", String(8), nullable=False),
    Column("created_at", Seconds, nullable=False),
    Column("updated_at", Seconds, nullable=False),
    # What the account was born on: "contact" (a challenge answered) or "activation" (an activation code).
    Column("born_by", String(16), nullable=False, server_default="contact"),
    # A username that left the registry signs in until then, and is freed (journey L).
    Column("username_ends_at", Seconds, nullable=True, index=True),
    # Recovered without a second factor: no operation and no change of contacts until then (journey H).
    Column("limited_until", Seconds, nullable=True),
    # Last recovered: whatever is added soon after is held (journey E).
    Column("recovered_at", Seconds, nullable=True),
    # Born on a weak proof: it signs in, and confirms no operation until then (journey E).
    Column("held_until", Seconds, nullable=True),
)

closed_accounts = Table(
    "closed_accounts",
    metadata,
    # A closed account leaves this, so that its subject is never given to anybody else.
    Column("sub", String(32), primary_key=True),
    Column("closed_at", Seconds, nullable=False),
)

proven_contacts = Table(
    "proven_contacts",
    metadata,
    Column("sub", ForeignKey("accounts.sub", ondelete="CASCADE"), primary_key=True),
    Column("contact_index", Digest, primary_key=True),
    Column("kind", String(8), nullable=False),
    Column("sealed_contact", LargeBinary, nullable=False),
    Column("proven_at", Seconds, nullable=False),
    # "registry": it stood on file; "customer": its owner typed it and the hold has passed (journey G).
    Column("source", String(10), nullable=False, server_default="registry"),
    # Reported lost: nothing is sent there any more.
    Column("lost_at", Seconds, nullable=True),
)

mobile_changes = Table(
    "mobile_changes",
    metadata,
    # A mobile number that a customer typed (journey G):
    # proving → pending → confirmed, or cancelled, or expired.
    Column("id", String(32), primary_key=True),
    Column("sub", ForeignKey("accounts.sub", ondelete="CASCADE"), nullable=False, index=True),
    Column("sealed_mobile", LargeBinary, nullable=False),
    Column("mobile_index", Digest, nullable=False, index=True),
    Column("old_lost", Boolean, nullable=False),
    Column("state", String(12), nullable=False),
    # Of the token in the notices, by which one press cancels.
    Column("cancel_digest", Digest, nullable=True, unique=True),
    Column("asked_at", Seconds, nullable=False),
    Column("proven_at", Seconds, nullable=True),
    Column("matures_at", Seconds, nullable=True, index=True),
    Column("ended_at", Seconds, nullable=True),
    # "time", "registry", "admin" or "activation".
    Column("confirmed_by", String(16), nullable=True),
    # Of the changes it replaced, the first proof that nobody finished.
    Column("replaces_since", Seconds, nullable=True),
)

passkeys = Table(
    "passkeys",
    metadata,
    # A WebAuthn credential (journey E).
    Column("id", String(32), primary_key=True),
    Column("sub", ForeignKey("accounts.sub", ondelete="CASCADE"), nullable=False, index=True),
    # At most 1023 bytes (WebAuthn §7.1), one in the world.
    Column("credential_id", LargeBinary, nullable=False, unique=True),
    # COSE_Key, as the authenticator gave it.
    Column("public_key", LargeBinary, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("backup_eligible", Boolean, nullable=False),
    Column("backed_up", Boolean, nullable=False),
    # What the browser said of the ways to reach it, in the specification's words, by spaces.
    Column("transports", String(100), nullable=False),
    Column("aaguid", String(36), nullable=False),
    # The name that its owner gave it; before that the browser and system that added it, where they tell.
    Column("sealed_name", LargeBinary, nullable=False),
    Column("created_at", Seconds, nullable=False),
    Column("last_used_at", Seconds, nullable=True),
    # It signs in, and confirms nothing until then.
    Column("pending_until", Seconds, nullable=True),
    # Its counter went back, as a copy's does: it confirms nothing any more.
    Column("flagged_at", Seconds, nullable=True),
    # Added shortly before its owner said "it was not me": it does nothing until a recovery keeps it.
    Column("suspended_at", Seconds, nullable=True),
    # Of the token in the notices, by which one press removes it.
    Column("cancel_digest", Digest, nullable=True, unique=True),
)

passkey_owners = Table(
    "passkey_owners",
    metadata,
    Column("sub", ForeignKey("accounts.sub", ondelete="CASCADE"), primary_key=True),
    # Whom a passkey names: random, and nothing else in the world (WebAuthn §14.6.1).
    Column("user_handle", LargeBinary(64), nullable=False, unique=True),
    # The customer does not want to be asked again.
    Column("never_offer_at", Seconds, nullable=True),
)

authenticators = Table(
    "authenticators",
    metadata,
    # The authenticator app of an account (RFC 6238); one, which another one replaces.
    Column("sub", ForeignKey("accounts.sub", ondelete="CASCADE"), primary_key=True),
    Column("sealed_secret", LargeBinary, nullable=False),
    # The newest step whose code was used: neither it nor an older one does again.
    Column("last_counter", BigInteger, nullable=False),
    Column("created_at", Seconds, nullable=False),
    Column("last_used_at", Seconds, nullable=True),
    # It signs in, and confirms nothing until then.
    Column("pending_until", Seconds, nullable=True),
    # It does nothing, until its owner says in a recovery that it is theirs.
    Column("suspended_at", Seconds, nullable=True),
    # Of the token in the notices, by which one press removes it.
    Column("cancel_digest", Digest, nullable=True, unique=True),
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    # Keyed, and of one account: a code of 50 bits cannot be guessed from the database alone.
    Column("digest", Digest, primary_key=True),
    Column("sub", ForeignKey("accounts.sub", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", Seconds, nullable=False),
    Column("used_at", Seconds, nullable=True),
    # As of an authenticator app; the same for all codes of a set.
    Column("pending_until", Seconds, nullable=True),
    Column("suspended_at", Seconds, nullable=True),
    Column("cancel_digest", Digest, nullable=True, index=True),
)

activation_codes = Table(
    "activation_codes",
    metadata,
    # Handed over by somebody who saw an identity document; it stands for the proof of a contact.
    Column("digest", Digest, primary_key=True),
    Column("customer_number", String(64), nullable=False, index=True),
    Column("issued_by", String(64), nullable=False),
    Column("issued_at", Seconds, nullable=False),
    Column("expires_at", Seconds, nullable=False, index=True),
    Column("used_at", Seconds, nullable=True),
    # A newer code of the same customer, or an admin, ended it.
    Column("ended_at", Seconds, nullable=True),
)

# --- registration ----------------------------------------------------------------------------------------

enrolments = Table(
    "enrolments",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("handle_digest", Digest, nullable=False, unique=True),
    # Set when the registry matched; a mismatch leaves it empty and its challenge has no right answer.
    Column("customer_number", String(64), nullable=True, index=True),
    Column("profile", String(16), nullable=False),
    # JSON: the data typed, kept only until the enrolment ends, so that "back" loses nothing.
    Column("sealed_typed", LargeBinary, nullable=False),
    Column("password_hash", Text, nullable=True),
    Column("reason", String(32), nullable=True),
    Column("case_number", String(16), nullable=False, index=True),
    Column("interaction_id", String(32), nullable=True),
    Column("language", String(8), nullable=False),
    Column("terms_version", String(32), nullable=True),
    Column("privacy_version", String(32), nullable=True),
    Column("terms_accepted_at", Seconds, nullable=True),
    Column("created_at", Seconds, nullable=False),
    Column("expires_at", Seconds, nullable=False, index=True),
    Column("completed_at", Seconds, nullable=True),
    # JSON: the contacts offered for an identifier, by random handles (journey C3).
    Column("sealed_offer", LargeBinary, nullable=True),
    # What stands for the proof of a contact: the digest of an activation code, in hexadecimal.
    Column("activation", String(64), nullable=True),
)

recoveries = Table(
    "recoveries",
    metadata,
    # Forgotten credentials (journey H); an unknown identifier walks the same way with decoys.
    Column("id", String(32), primary_key=True),
    Column("handle_digest", Digest, nullable=False, unique=True),
    Column("sub", String(32), nullable=True, index=True),
    Column("sealed_offer", LargeBinary, nullable=False),
    # The option that was chosen, by its handle.
    Column("chosen", String(32), nullable=True),
    Column("reason", String(32), nullable=True),
    Column("case_number", String(16), nullable=False, index=True),
    Column("interaction_id", String(32), nullable=True),
    Column("language", String(8), nullable=False),
    Column("activation", String(64), nullable=True),
    # When the contact was proven, and when a second factor was.
    Column("proven_at", Seconds, nullable=True),
    Column("second_at", Seconds, nullable=True),
    Column("created_at", Seconds, nullable=False),
    Column("expires_at", Seconds, nullable=False, index=True),
    Column("completed_at", Seconds, nullable=True),
)

challenges = Table(
    "challenges",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("purpose", String(16), nullable=False),
    # The enrolment, session or interaction the challenge belongs to; one live challenge each.
    Column("subject", String(32), nullable=False, index=True),
    Column("channel", String(8), nullable=False),
    Column("sealed_contact", LargeBinary, nullable=False),
    # HMAC-SHA256 of id and code with a key outside the database; null: no answer is right.
    Column("code_mac", Digest, nullable=True),
    Column("tries_left", Integer, nullable=False),
    Column("sent_at", Seconds, nullable=False),
    Column("expires_at", Seconds, nullable=False, index=True),
    Column("ended_at", Seconds, nullable=True),
    # Of the token of a link sent beside the code: one challenge, two ways to answer.
    Column("link_digest", Digest, nullable=True),
    Index("ix_challenges_link_digest", "link_digest", unique=True),
)

# --- sessions and interactions ---------------------------------------------------------------------------

sessions = Table(
    "sessions",
    metadata,
    # `id` is the public `sid` of ID tokens and logout tokens; the cookie holds a handle.
    Column("id", String(32), primary_key=True),
    Column("handle_digest", Digest, nullable=False, unique=True),
    Column("sub", ForeignKey("accounts.sub", ondelete="CASCADE"), nullable=False, index=True),
    # JSON list of the proofs given in this session: [kind, milliseconds], of a passkey also its kind of key
    # and whether it was held.
    Column("proofs", Text, nullable=False),
    Column("created_at", Seconds, nullable=False),
    Column("last_seen_at", Seconds, nullable=False),
    Column("expires_at", Seconds, nullable=False, index=True),
    Column("ended_at", Seconds, nullable=True),
    # Browser and system in two codes, "chrome android"; never what the browser said itself.
    Column("device", String(40), nullable=True),
    # Whether a second factor was wanted at sign-in: "due", "done" or "trusted"; null where it was not.
    Column("second_factor", String(12), nullable=True),
)

interactions = Table(
    "interactions",
    metadata,
    Column("id", String(32), primary_key=True),
    # The browser it belongs to; null between a cross-site POST, which carries no cookie, and its
    # continuation.
    Column("browser_digest", Digest, nullable=True, index=True),
    # JSON of the AuthorizationRequest after validation; nothing of it is read from the browser again.
    Column("request", Text, nullable=False),
    # Milliseconds: a proof of the same second must be told to be older or newer.
    Column("asked_at", BigInteger, nullable=False),
    Column("expires_at", Seconds, nullable=False, index=True),
    Column("ended_at", Seconds, nullable=True),
)

known_browsers = Table(
    "known_browsers",
    metadata,
    # A browser that signed this account in before: it keeps its own counters of wrong passwords.
    Column("browser_digest", Digest, primary_key=True),
    Column("sub", ForeignKey("accounts.sub", ondelete="CASCADE"), primary_key=True),
    Column("created_at", Seconds, nullable=False),
    Column("last_seen_at", Seconds, nullable=False),
    # As in ``sessions``.
    Column("device", String(40), nullable=True),
    # Of its network (/24, /48), as a pseudonym: to tell an unusual sign-in.
    Column("network", String(43), nullable=True),
)

trusted_browsers = Table(
    "trusted_browsers",
    metadata,
    # A browser in which the customer wants no code at sign-in; it adds nothing to what is proven.
    Column("id", String(32), primary_key=True),
    Column("sub", ForeignKey("accounts.sub", ondelete="CASCADE"), nullable=False),
    Column("browser_digest", Digest, nullable=False),
    # As in ``sessions``.
    Column("device", String(40), nullable=True),
    Column("created_at", Seconds, nullable=False),
    Column("expires_at", Seconds, nullable=False, index=True),
    Column("last_used_at", Seconds, nullable=True),
    UniqueConstraint("sub", "browser_digest"),
)

disavowals = Table(
    "disavowals",
    metadata,
    # The link of a notice of a new device, by which one press says "it was not me" (journey D).
    Column("digest", Digest, primary_key=True),
    Column("sub", ForeignKey("accounts.sub", ondelete="CASCADE"), nullable=False, index=True),
    # The session whose beginning was told.
    Column("session_id", String(32), nullable=False),
    Column("created_at", Seconds, nullable=False),
    Column("expires_at", Seconds, nullable=False, index=True),
    Column("used_at", Seconds, nullable=True),
)

# --- clients, grants, authorizations ----------------------------------------------------------------------

clients = Table(
    "clients",
    metadata,
    Column("client_id", String(64), primary_key=True),
    # JSON client metadata by the names of RFC 7591 and OpenID Connect Registration.
    Column("registration", Text, nullable=False),
    Column("secret_digest", Digest, nullable=True),
    Column("disabled_at", Seconds, nullable=True),
    Column("created_at", Seconds, nullable=False),
    Column("updated_at", Seconds, nullable=False),
)

versions = Table(
    "versions",
    metadata,
    # One row per cached thing ("clients", "signing_keys"): bumped in the transaction that changes it.
    Column("name", String(32), primary_key=True),
    Column("version", BigInteger, nullable=False),
)

grants = Table(
    "grants",
    metadata,
    # What a customer allowed a client to have (consent), one row per pair.
    Column("sub", ForeignKey("accounts.sub", ondelete="CASCADE"), primary_key=True),
    Column("client_id", ForeignKey("clients.client_id", ondelete="CASCADE"), primary_key=True),
    Column("scope", Text, nullable=False),
    # Milliseconds, to be compared with an interaction's asked_at.
    Column("granted_at", BigInteger, nullable=False),
)

authorizations = Table(
    "authorizations",
    metadata,
    # One answered authorization request: its code, and the head of the family of tokens issued from it.
    # `id` is what tokens carry; a used or revoked row stays as tombstone until the family's last day.
    Column("id", String(32), primary_key=True),
    Column("code_digest", Digest, nullable=False, unique=True),
    Column("client_id", String(64), nullable=False),
    Column("sub", String(32), nullable=False),
    Column("session_id", String(32), nullable=False, index=True),
    Column("redirect_uri", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("nonce", Text, nullable=True),
    Column("code_challenge", String(64), nullable=True),
    # The key with which alone the code may be redeemed (RFC 9449 §10); null: any, or none.
    Column("key_thumbprint", String(43), nullable=True),
    # JSON: the operation that was approved, of which the tokens tell; null: none.
    Column("sealed_details", LargeBinary, nullable=True),
    Column("auth_time", Seconds, nullable=False),
    Column("acr", String(32), nullable=False),
    Column("amr", String(64), nullable=False),
    Column("issued_at", Seconds, nullable=False),
    Column("code_expires_at", Seconds, nullable=False),
    Column("code_used_at", Seconds, nullable=True),
    Column("revoked_at", Seconds, nullable=True),
    # The last second at which anything of the family may live; swept after it.
    Column("expires_at", Seconds, nullable=False, index=True),
    Index("ix_authorizations_sub_client_id", "sub", "client_id"),
)

approvals = Table(
    "approvals",
    metadata,
    # An operation that its person approved (RFC 9396); the details themselves stand in the trail, sealed.
    Column("id", String(32), primary_key=True),
    # What the pushed request is kept under: of all its tabs one approves.
    Column("reference", String(64), nullable=False, unique=True),
    Column("interaction_id", String(32), nullable=False),
    Column("session_id", String(32), nullable=False),
    Column("sub", ForeignKey("accounts.sub", ondelete="CASCADE"), nullable=False, index=True),
    Column("client_id", String(64), nullable=False),
    # Keyed HMAC of the canonical details.
    Column("details_digest", Digest, nullable=False),
    # JSON, as one of ``sessions.proofs``.
    Column("proof", String(100), nullable=False),
    Column("approved_at", Seconds, nullable=False),
    Column("expires_at", Seconds, nullable=False, index=True),
    # When its code left.
    Column("used_at", Seconds, nullable=True),
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("digest", Digest, primary_key=True),
    Column("authorization_id", String(32), nullable=False, index=True),
    Column("client_id", String(64), nullable=False),
    Column("issued_at", Seconds, nullable=False),
    Column("expires_at", Seconds, nullable=False, index=True),
    Column("used_at", Seconds, nullable=True),
    # The key with which alone a public client may use it (RFC 9449 §5); null: any, or none.
    Column("key_thumbprint", String(43), nullable=True),
)

revoked_tokens = Table(
    "revoked_tokens",
    metadata,
    # Access tokens revoked one by one (RFC 7009); a row lives as long as the token would have.
    Column("jti", String(64), primary_key=True),
    Column("expires_at", Seconds, nullable=False, index=True),
)

# --- keys, outbox, audit, short-lived state ---------------------------------------------------------------

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", String(64), primary_key=True),
    Column("alg", String(8), nullable=False),
    # next → active → retired; one active per algorithm (partial unique index).
    Column("state", String(8), nullable=False),
    Column("public", Text, nullable=False),
    Column("created_at", Seconds, nullable=False),
    Column("activated_at", Seconds, nullable=True),
    Column("retired_at", Seconds, nullable=True),
)
Index(
    "uq_signing_keys_active_alg",
    signing_keys.c.alg,
    unique=True,
    sqlite_where=signing_keys.c.state == "active",
    postgresql_where=signing_keys.c.state == "active",
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", String(32), primary_key=True),
    # "message" (email, sms) or "logout" (back-channel logout token to a client).
    Column("kind", String(8), nullable=False),
    Column("channel", String(8), nullable=False),
    Column("purpose", String(32), nullable=False),
    # Sealed JSON of what is to be sent; null once sent or expired. A row without recipient is never sent:
    # it stands where a registration did not match, so that both branches write the same.
    Column("sealed_parcel", LargeBinary, nullable=True),
    Column("addressed", Boolean, nullable=False),
    Column("state", String(8), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Seconds, nullable=False),
    Column("expires_at", Seconds, nullable=False),
    Column("created_at", Seconds, nullable=False),
    Column("ended_at", Seconds, nullable=True),
    Index("ix_outbox_state_due_at", "state", "due_at"),
)

audit_events = Table(
    "audit_events",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("at", Seconds, nullable=False, index=True),
    Column("name", String(48), nullable=False),
    # Keyed HMAC of the customer number or sub: pseudonymous, stable.
    Column("actor", String(43), nullable=True, index=True),
    Column("client_id", String(64), nullable=True),
    Column("source", String(43), nullable=True),
    # JSON of codes and identifiers, never personal data.
    Column("details", Text, nullable=False),
)

ephemera = Table(
    "ephemera",
    metadata,
    Column("key", String(200), primary_key=True),
    Column("value", LargeBinary, nullable=True),
    Column("count", BigInteger, nullable=False),
    Column("expires_at", Seconds, nullable=False, index=True),
)
