"""Pipelines, their stages, deals and what is sold in them."""

from __future__ import annotations

from decimal import Decimal

from django.contrib.postgres.indexes import GinIndex
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from crm.choices import BillingInterval
from crm.models.accounts import Account
from crm.models.people import Contact
from crm.models.record import OwnedRecord, Record
from crm.models.search import DEAL_WORDS, PRODUCT_WORDS, SearchWords


class Pipeline(Record):
    """A way deals are worked, made of ordered stages."""

    name = models.CharField(max_length=100)
    order = models.PositiveSmallIntegerField(default=0)
    is_default = models.BooleanField(default=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("workspace",), condition=Q(is_default=True), name="pipeline_one_default"
            ),
        )
        ordering = ("order", "id")

    def __str__(self) -> str:
        return self.name


class Stage(Record):
    """A step of a pipeline; `probability` is a whole per cent."""

    pipeline = models.ForeignKey(Pipeline, models.CASCADE, related_name="stages")
    name = models.CharField(max_length=100)
    order = models.PositiveSmallIntegerField(default=0)
    probability = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(100)])
    is_won = models.BooleanField(default=False)
    is_lost = models.BooleanField(default=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("pipeline", "name"), name="stage_name_unique"),
            models.CheckConstraint(
                condition=~Q(is_won=True, is_lost=True), name="stage_not_won_and_lost"
            ),
            models.CheckConstraint(condition=Q(probability__lte=100), name="stage_probability_100"),
        )
        ordering = ("pipeline", "order", "id")

    def __str__(self) -> str:
        return self.name

    @property
    def is_closed(self) -> bool:
        return self.is_won or self.is_lost


class Deal(OwnedRecord):
    """A sale in the making; its stage says how far it is."""

    name = models.CharField(max_length=200)
    account = models.ForeignKey(
        Account, models.SET_NULL, null=True, blank=True, related_name="deals"
    )
    primary_contact = models.ForeignKey(
        Contact, models.SET_NULL, null=True, blank=True, related_name="deals"
    )
    pipeline = models.ForeignKey(Pipeline, models.PROTECT, related_name="deals")
    stage = models.ForeignKey(Stage, models.PROTECT, related_name="deals")
    amount = models.DecimalField(max_digits=19, decimal_places=4, default=0, db_default=0)
    currency = models.CharField(max_length=3)
    probability = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(100)])
    close_date = models.DateField(null=True, blank=True)
    lost_reason = models.CharField(max_length=250, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(probability__lte=100), name="deal_probability_100"),
        )
        indexes = (
            models.Index(fields=("workspace", "stage", "-updated_at"), name="deal_stage"),
            models.Index(
                fields=("workspace", "-updated_at", "-id"),
                name="deal_latest",
                include=("archived_at",),
            ),
            models.Index(fields=("workspace", "owner"), name="deal_owner"),
            models.Index(fields=("workspace", "close_date"), name="deal_close_date"),
            models.Index("workspace", Lower("name"), "id", name="deal_workspace_name"),
            GinIndex(fields=("tags",), name="deal_tags"),
            GinIndex(SearchWords(*DEAL_WORDS), name="deal_words"),
        )

    def __str__(self) -> str:
        return self.name


class Product(OwnedRecord):
    """Something we sell, at a price per billing interval."""

    name = models.CharField(max_length=200)
    unit_price = models.DecimalField(
        max_digits=19, decimal_places=4, validators=[MinValueValidator(Decimal(0))]
    )
    currency = models.CharField(max_length=3)
    billing_interval = models.CharField(
        max_length=10, choices=BillingInterval, default=BillingInterval.ONE_TIME
    )

    class Meta:
        indexes = (
            models.Index("workspace", Lower("name"), "id", name="product_workspace_name"),
            GinIndex(SearchWords(*PRODUCT_WORDS), name="product_words"),
        )

    def __str__(self) -> str:
        return self.name


class LineItem(Record):
    """One product in one deal, at the price agreed there."""

    deal = models.ForeignKey(Deal, models.CASCADE, related_name="line_items")
    product = models.ForeignKey(Product, models.PROTECT, related_name="line_items")
    quantity = models.PositiveIntegerField(default=1, validators=[MinValueValidator(1)])
    unit_price = models.DecimalField(
        max_digits=19, decimal_places=4, validators=[MinValueValidator(Decimal(0))]
    )

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(quantity__gte=1), name="line_item_quantity_positive"
            ),
        )
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.quantity} \u00d7 {self.product}"

    @property
    def total(self) -> Decimal:
        return self.unit_price * self.quantity
