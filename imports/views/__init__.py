"""The pages of imports: upload, map, review, run, result and undo."""
