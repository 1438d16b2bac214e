"""Sessions that a person must decide about, with their evidence."""

from fastapi import APIRouter

router = APIRouter()
