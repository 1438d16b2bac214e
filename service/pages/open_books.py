"""The open books: what the month took in and paid, for everybody."""

from fastapi import APIRouter

router = APIRouter()
