"""`make demo CHECK=1`: drives the whole loop over HTTP as people and vendors would."""
