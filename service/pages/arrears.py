"""Who owes since when, and reminders."""

from fastapi import APIRouter

router = APIRouter()
