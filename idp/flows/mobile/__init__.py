"""Registering and changing a mobile number (journey G).

The number that was typed proves itself by a code, then waits (``lifetimes.pending_hold``): contacts, open
sessions and the agency are told, and one press cancels it. The registry, an admin or an activation code
confirms it at once. Until then it is no username, no factor and no way to recover.

::

    begin ──▶ answer ──a number on the customer's own record──▶ Usable
                └──any other──▶ Waits ──mature, confirm, confirm_with_code──▶ usable
                                  └──cancel, cancel_by_link──▶ dropped, with what was added since

``asking`` sends the code and ``answering`` takes it back; ``making_good`` and ``cancelling`` are the two
ends; ``numbers`` says what an account has.
"""
