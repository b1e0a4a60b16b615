"""Money, tax and invoices for a small business."""

from invoice.lines import Invoice, Line
from invoice.money import Money

__all__ = ["Invoice", "Line", "Money"]
