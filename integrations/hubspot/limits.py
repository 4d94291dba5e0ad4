"""What HubSpot allows: rates, sizes of pages and batches; plain numbers, no calls."""

from __future__ import annotations

from integrations.hub.provider import RateLimit

LEFT = "X-HubSpot-RateLimit-Remaining"
LEFT_TODAY = "X-HubSpot-RateLimit-Daily-Remaining"
# A public app's rate per installed account; a private app on Free or Starter has 100.
OAUTH_LIMITS = (RateLimit("api", requests=110, seconds=10, left_header=LEFT),)
PRIVATE_APP_LIMITS = (RateLimit("api", requests=100, seconds=10, left_header=LEFT),)
# The lowest of a day; a public app has none.
DAILY_LIMIT = RateLimit("daily", requests=250_000, seconds=86_400, left_header=LEFT_TODAY)
# Per account, apart from the rest; the hub's 80 % make it the 4 a second that older texts name.
SEARCH_LIMIT = RateLimit("search", requests=5, seconds=1, burst=1)

LIST_PAGE = 100
SEARCH_PAGE = 200
SEARCH_CAP = 10_000
BATCH = 100
OWNERS_PAGE = 500
ASSOCIATIONS_PAGE = 500
ASSOCIATIONS_READ_BATCH = 1000
ASSOCIATIONS_WRITE_BATCH = 2000
