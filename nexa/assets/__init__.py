"""Builds the files that are not kept in the repository: the icon sprite and the font subset."""
