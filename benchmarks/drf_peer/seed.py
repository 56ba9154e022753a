"""`python -m drf_peer.seed N` makes the tables, a token, and N gatherings from the JSON on its input; prints the token, then the ids."""

import json
import sys

import django
from django.core.management import call_command


def main(count: int) -> None:
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("migrate", run_syncdb=True, verbosity=0)
    from django.contrib.auth.models import User
    from rest_framework.authtoken.models import Token
    from simple_history.utils import bulk_create_with_history

    from drf_peer.api import GatheringSerializer
    from drf_peer.models import Gathering

    user = User.objects.create_user("clerk")
    serializer = GatheringSerializer(data=json.load(sys.stdin))
    serializer.is_valid(raise_exception=True)
    made = [Gathering(**serializer.validated_data) for _ in range(count)]
    bulk_create_with_history(made, Gathering, batch_size=1000, default_user=user)
    print(Token.objects.create(user=user).key, *(each.id for each in made), sep="\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
