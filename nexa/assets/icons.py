"""Every icon a page may use, by its name in the lucide set; the sprite holds these and no more."""

from __future__ import annotations

from typing import Final

ICONS: Final[tuple[str, ...]] = tuple(
    """
    activity archive archive-restore arrow-down arrow-left arrow-right arrow-up arrow-up-right
    banknote bell book-open briefcase-business building-2 calendar calendar-clock chart-column
    check chevron-down chevron-left chevron-right circle circle-alert circle-check
    circle-dollar-sign circle-question-mark circle-x clock columns-3 copy credit-card database
    download ellipsis external-link eye file-spreadsheet file-text funnel funnel-x flag flask-conical
    git-branch git-merge globe handshake heart-pulse history house inbox info key-round keyboard
    layers link list list-checks list-filter lock log-out mail mail-open mail-x map-pin menu
    message-square moon mouse-pointer-click notebook-pen octagon-alert package pause pencil phone
    phone-call play plug plus receipt refresh-cw repeat rotate-cw rows-3 save search send settings
    shield sliders-horizontal square-check square-kanban sticky-note sun tag target ticket trash-2
    trending-down trending-up triangle-alert undo-2 unplug upload user user-plus user-x users
    webhook workflow x zap
    """.split()
)
