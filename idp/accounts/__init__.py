"""People's rules, pure: matching, enrolment, challenges, passwords, brakes on guessing, audit events."""
