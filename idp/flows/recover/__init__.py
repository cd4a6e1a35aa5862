"""Forgotten credentials (journey H): who it is, where a code goes, a second proof, what to keep.

Up to the right answer nothing differs between a customer, somebody who never registered, and nobody: the same
list as at registration (journey C3), the same pages, statements, writes and messages composed. What is wrong
is told to the contact that was chosen, and to nobody where that is a decoy.

Nobody is signed in by any of this. Each step reads where the recovery stands from the store
(``accounts.recovery``) and takes nothing of it from the page.

::

    beginning ──▶ first_proof ──▶ second_code, own_code or passkey ──▶ keeping ──▶ ending
        └──an activation code, which stands for both proofs────────────▲
"""
