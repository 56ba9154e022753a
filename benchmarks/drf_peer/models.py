"""A gathering as Django would keep it: the same fields side by side, and a row of history for each change."""

import uuid

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from simple_history.models import HistoricalRecords


def optional(length: int) -> models.CharField:
    return models.CharField(max_length=length, null=True, blank=True)


class Gathering(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)
    division = models.CharField(max_length=12, db_index=True)
    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=20)
    measure = models.CharField(max_length=12)
    sessions = models.IntegerField(validators=[MinValueValidator(1), MaxValueValidator(999)])
    planned_from = models.DateField()
    planned_to = models.DateField(null=True, blank=True)
    planned_lunar = optional(100)
    decided_on = models.DateField()
    hamlet = optional(100)
    venue = optional(200)
    organiser_name = optional(80)
    organiser_phone = optional(13)
    organiser_role = optional(100)
    expected_people = models.PositiveIntegerField(null=True, blank=True)
    handled_by = models.JSONField(default=list)
    notice_issuer = optional(200)
    notice_title = optional(200)
    notice_dated = models.DateField(null=True, blank=True)
    notice_number = optional(100)
    promise_signed = models.BooleanField(default=False)
    note = optional(2000)

    history = HistoricalRecords()

    class Meta:
        app_label = "drf_peer"

    def __str__(self) -> str:
        return self.title
