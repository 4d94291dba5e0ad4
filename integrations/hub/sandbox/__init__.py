"""The sandbox of vendors: hosts each provider's fake on one local server, over real sockets.

The vendors' side only: nothing here reads or writes the CRM's database.
"""
