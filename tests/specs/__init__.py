"""One file per specification; cases are named after what the clause demands."""
