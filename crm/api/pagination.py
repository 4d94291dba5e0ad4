"""How API lists are paged: `{"count", "next", "previous", "results"}`, the count exact."""

from __future__ import annotations

from rest_framework.pagination import PageNumberPagination

from crm.selectors.pages import KeysFirstPaginator


class PagePagination(PageNumberPagination):
    """Fifty a page unless `page_size` asks otherwise, two hundred at most."""

    django_paginator_class = KeysFirstPaginator
    page_size_query_param = "page_size"
    max_page_size = 200
