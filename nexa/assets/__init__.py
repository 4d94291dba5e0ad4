"""Builds what is not kept in the repository: icon sprite, brand icons and the font subset."""
