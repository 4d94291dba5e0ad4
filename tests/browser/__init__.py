"""The whole product in Chromium: every page, and the journeys people make through them."""
