"""Lines that a household questions, and the answers."""

from fastapi import APIRouter

router = APIRouter()
