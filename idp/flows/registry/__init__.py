"""The agency registry: importing files of it, and checking them.

::

    staging ──every line valid, or --skip-invalid──▶ applying ──▶ ending (--snapshot) ──▶ done
       └──a fault──▶ refused: nothing was changed

Lines are staged in the database while they are read, so that memory stays small and nothing is changed before
the last line was seen. They are applied in batches, each one transaction that also writes the progress: an
import that was cut short goes on where it stopped when the same file is imported again, and sign-in goes on
meanwhile. A line whose fingerprint stands on file already is neither read closely nor written.

``importing`` runs one import: it takes the lock and calls ``staging`` and ``applying``, which keep in
``progress`` how far they are; ``reading`` says what is wrong with a file.
"""
