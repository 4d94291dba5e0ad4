"""The only code that writes core records: one transaction, one ledger row, one signal a write."""
