"""The proof that a bill is inside the published total, and the page that checks it."""

from fastapi import APIRouter

router = APIRouter()
