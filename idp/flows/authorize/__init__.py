"""The authorization endpoint: a request arrives, waits for a person as long as it must, and is answered.

::

    begin ──► Shown                      the request cannot be trusted: a page, no redirect
          ──► Answered                   a code or an error leaves for the relying party
          ──► Waiting(step)              the person is asked; every answer of theirs leads to ``resume``
    resume ─► Answered | Waiting | Lost
    push ───► Pushed                     kept for the browser that brings its address to ``begin``

``arriving`` takes requests in and ``validating`` judges them; ``answering`` asks what is next and answers;
``interactions`` are those that wait, which ``consent`` and ``step_up`` show and ``refusing`` ends.

A silent request costs one read and one commit; one that has to ask keeps one row (performance §7.4).
"""
