"""The CRM itself: records, the services that write them and the pages that show them."""
