"""Operations that a relying party asks a person to approve (RFC 9396): types, what a request says, words."""
