"""Tables and queries. Functions take the transaction first and never commit; they know no rule and no
clock."""
