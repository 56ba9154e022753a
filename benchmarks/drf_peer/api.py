"""The routes of the API: create, get one, page by page."""

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from rest_framework import mixins, pagination, routers, serializers, viewsets

from drf_peer.models import Gathering


class GatheringSerializer(serializers.ModelSerializer):
    class Meta:
        model = Gathering
        fields = "__all__"


class Pages(pagination.CursorPagination):
    page_size = 50
    ordering = "-created_at"


class Gatherings(
    mixins.CreateModelMixin, mixins.RetrieveModelMixin, mixins.ListModelMixin, viewsets.GenericViewSet[Gathering]
):
    queryset = Gathering.objects.all()
    serializer_class = GatheringSerializer
    pagination_class = Pages

    @transaction.atomic
    def perform_create(self, serializer: Any) -> None:
        """The row and its history together or not at all."""
        serializer.save()


def health(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


router = routers.SimpleRouter(trailing_slash=False)
router.register("gatherings", Gatherings)
urlpatterns = [path("healthz", health), path("", include(router.urls))]
