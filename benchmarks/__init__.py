"""How fast ranking is, beside the best SQL that one would write by hand: `make benchmark`."""
