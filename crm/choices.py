"""Every closed list of values in the CRM; the stored word is the API's word."""

from __future__ import annotations

from django.db.models import TextChoices


class Role(TextChoices):
    VIEWER = "viewer", "Viewer"
    MEMBER = "member", "Member"
    MANAGER = "manager", "Manager"
    ADMIN = "admin", "Admin"
    OWNER = "owner", "Owner"


class Level(TextChoices):
    LOW = "low", "Low"
    MEDIUM = "medium", "Medium"
    HIGH = "high", "High"


class Priority(TextChoices):
    LOW = "low", "Low"
    NORMAL = "normal", "Normal"
    HIGH = "high", "High"
    URGENT = "urgent", "Urgent"


class Lifecycle(TextChoices):
    LEAD = "lead", "Lead"
    MQL = "mql", "Marketing qualified"
    SQL = "sql", "Sales qualified"
    OPPORTUNITY = "opportunity", "Opportunity"
    CUSTOMER = "customer", "Customer"


class ScoreTier(TextChoices):
    HOT = "hot", "Hot"
    WARM = "warm", "Warm"
    COLD = "cold", "Cold"


class LeadStatus(TextChoices):
    NEW = "new", "New"
    CONTACTED = "contacted", "Contacted"
    QUALIFIED = "qualified", "Qualified"
    VIEWING_SCHEDULED = "viewing_scheduled", "Viewing scheduled"
    VIEWED = "viewed", "Viewed"
    NEGOTIATING = "negotiating", "Negotiating"
    CONVERTED = "converted", "Converted"
    LOST = "lost", "Lost"


class PaymentStatus(TextChoices):
    NONE = "none", "No payments"
    CURRENT = "current", "Current"
    OVERDUE = "overdue", "Overdue"


class BillingInterval(TextChoices):
    ONE_TIME = "one_time", "One time"
    DAY = "day", "Daily"
    WEEK = "week", "Weekly"
    MONTH = "month", "Monthly"
    YEAR = "year", "Yearly"


class ActivityKind(TextChoices):
    EMAIL = "email", "E-mail"
    CALL = "call", "Call"
    NOTE = "note", "Note"
    MEETING = "meeting", "Meeting"
    PAYMENT_RECEIVED = "payment_received", "Payment received"
    PAYMENT_FAILED = "payment_failed", "Payment failed"
    REFUND = "refund", "Refund"
    SUBSCRIPTION = "subscription", "Subscription"
    EMAIL_OPENED = "email_opened", "E-mail opened"
    EMAIL_CLICKED = "email_clicked", "E-mail clicked"
    EMAIL_BOUNCED = "email_bounced", "E-mail bounced"
    UNSUBSCRIBED = "unsubscribed", "Unsubscribed"
    TICKET = "ticket", "Ticket"
    STAGE_CHANGED = "stage_changed", "Stage changed"
    STATUS_CHANGED = "status_changed", "Status changed"
    FORM_SUBMITTED = "form_submitted", "Form submitted"


class Direction(TextChoices):
    NONE = "none", "None"
    INBOUND = "inbound", "Inbound"
    OUTBOUND = "outbound", "Outbound"


class BounceType(TextChoices):
    NONE = "", "None"
    HARD = "hard", "Hard"
    SOFT = "soft", "Soft"


class MeetingOutcome(TextChoices):
    PENDING = "", "Not held yet"
    COMPLETED = "completed", "Completed"
    NO_SHOW = "no_show", "No show"
    RESCHEDULED = "rescheduled", "Rescheduled"
    CANCELLED = "cancelled", "Cancelled"


class AttendeeResponse(TextChoices):
    PENDING = "pending", "Pending"
    ACCEPTED = "accepted", "Accepted"
    DECLINED = "declined", "Declined"
    TENTATIVE = "tentative", "Tentative"


class TaskKind(TextChoices):
    TODO = "todo", "To do"
    CALL = "call", "Call"
    EMAIL = "email", "E-mail"
    FOLLOW_UP = "follow_up", "Follow-up"
    MEETING_PREP = "meeting_prep", "Meeting preparation"
    PAYMENT_RECOVERY = "payment_recovery", "Payment recovery"


class TaskStatus(TextChoices):
    OPEN = "open", "Open"
    DONE = "done", "Done"
    CANCELLED = "cancelled", "Cancelled"


class TicketStatus(TextChoices):
    NEW = "new", "New"
    OPEN = "open", "Open"
    PENDING = "pending", "Pending"
    SOLVED = "solved", "Solved"
    CLOSED = "closed", "Closed"


class AlertStatus(TextChoices):
    OPEN = "open", "Open"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"
    RESOLVED = "resolved", "Resolved"


class Severity(TextChoices):
    INFO = "info", "Info"
    WARNING = "warning", "Warning"
    URGENT = "urgent", "Urgent"


class CampaignStatus(TextChoices):
    DRAFT = "draft", "Draft"
    SCHEDULED = "scheduled", "Scheduled"
    SENDING = "sending", "Sending"
    SENT = "sent", "Sent"
    CANCELLED = "cancelled", "Cancelled"


class ListKind(TextChoices):
    STATIC = "static", "Chosen members"
    FILTER = "filter", "Saved filter"


class ListSyncStatus(TextChoices):
    IDLE = "idle", "Idle"
    QUEUED = "queued", "Queued"
    SYNCING = "syncing", "Syncing"
    ERROR = "error", "Error"


class SubscriptionStatus(TextChoices):
    """Known states; a vendor's new word is stored as it comes, so the field is open."""

    INCOMPLETE = "incomplete", "Incomplete"
    INCOMPLETE_EXPIRED = "incomplete_expired", "Incomplete, expired"
    TRIALING = "trialing", "Trial"
    ACTIVE = "active", "Active"
    PAST_DUE = "past_due", "Past due"
    CANCELED = "canceled", "Cancelled"
    UNPAID = "unpaid", "Unpaid"
    PAUSED = "paused", "Paused"


class InvoiceStatus(TextChoices):
    DRAFT = "draft", "Draft"
    OPEN = "open", "Open"
    PAID = "paid", "Paid"
    UNCOLLECTIBLE = "uncollectible", "Uncollectible"
    VOID = "void", "Void"


class InvoiceKind(TextChoices):
    SALES = "sales", "Sales invoice"
    BILL = "bill", "Bill"


class PaymentState(TextChoices):
    PENDING = "pending", "Pending"
    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed"


class PropertyStatus(TextChoices):
    ACTIVE = "active", "Active"
    INACTIVE = "inactive", "Inactive"
    SOLD = "sold", "Sold"


class FieldKind(TextChoices):
    TEXT = "text", "Text"
    NUMBER = "number", "Number"
    BOOLEAN = "boolean", "Yes or no"
    DATE = "date", "Date"
    CHOICE = "choice", "Choice"


class ChangeAction(TextChoices):
    CREATED = "created", "Created"
    UPDATED = "updated", "Updated"
    DELETED = "deleted", "Deleted"
    MERGED = "merged", "Merged"
    RESTORED = "restored", "Restored"


class OriginKind(TextChoices):
    USER = "user", "User"
    API = "api", "API"
    IMPORT = "import", "Import"
    CONNECTION = "connection", "Connection"
    RULE = "rule", "Rule"
    COMMAND = "command", "Command"
