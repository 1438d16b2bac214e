"""Hangs the pages of who may do what: sharing, keys, staff, the trail, and the first days."""

from fastapi import APIRouter

from service.pages import begin, begin_piles, passkeys, people, sharing, staff, trail

router = APIRouter(include_in_schema=False)
for room in (people, sharing, passkeys, staff, trail, begin, begin_piles):
    router.routes += room.router.routes
